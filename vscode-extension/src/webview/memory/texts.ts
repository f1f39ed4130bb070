import type { MemoryStrings } from "../../panels/strings";
import { texts } from "../shared/page";

export const t = texts<MemoryStrings>();
