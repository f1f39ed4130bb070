import type { MemoryStrings } from "../../panels/strings";
import { texts } from "../common/page";

export const t = texts<MemoryStrings>();
