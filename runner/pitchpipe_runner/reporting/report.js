"use strict";

(() => {
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const charts = JSON.parse(document.getElementById("drawn").textContent);
  const plots = new Map();

  // --- charts

  const colour = (name) => {
    const probe = document.createElement("i");
    probe.style.color = `var(--${name})`;
    document.body.append(probe);
    const found = getComputedStyle(probe).color;
    probe.remove();
    return found;
  };

  const faded = (rgb, share) => rgb.replace(/^rgb\((.*)\)$/, `rgba($1, ${share})`);

  const figure = (value) => {
    if (value == null) return "";
    const size = Math.abs(value);
    if (size !== 0 && (size < 1e-3 || size >= 1e7)) return value.toExponential(2).replace(/\.?0+e/, "e");
    return value.toLocaleString("en", { maximumSignificantDigits: 4 });
  };

  const pad = (n) => String(n).padStart(2, "0");
  const clock = (seconds) => {
    const whole = Math.round(seconds);
    const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
    return h ? `${h}:${pad(m)}:${pad(s)}` : `${m}:${pad(s)}`;
  };

  const CLOCK_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200, 86400];
  for (let days = 2; days < 512; days *= 2) CLOCK_STEPS.push(days * 86400);

  // From 0, unless that would flatten the curve of a loss.
  const range = (chart) => (u, low, high) => {
    if (low == null || high == null) return [0, 1];
    if (low < 0) return uPlot.rangeNum(low, high, 0.1, true);
    const from = chart.id === "loss" && low > high / 2 ? low - (high - low || high) * 0.15 : 0;
    return [from, high + (high - from) * 0.08 || 1];
  };

  // All of the run unless the reader has zoomed in, so that the charts over time lie below each other.
  const whole = (extent, xs) => (u, low, high) => (
    low <= xs[0] && high >= xs[xs.length - 1] ? [0, Math.max(extent, xs[xs.length - 1])] : [low, high]
  );

  const background = (chart, look) => (u) => {
    const { ctx, bbox } = u;
    const at = (x) => Math.min(Math.max(u.valToPos(x, "x", true), bbox.left), bbox.left + bbox.width);
    ctx.save();
    ctx.font = look.small;
    ctx.textBaseline = "top";
    chart.bands.forEach(([name, from, to], i) => {
      const [left, right] = [at(from), at(to)];
      if (i % 2 === 0) {
        ctx.fillStyle = look.band;
        ctx.fillRect(left, bbox.top, right - left, bbox.height);
      }
      ctx.fillStyle = look.soft;
      if (ctx.measureText(name).width + 6 * look.ratio < right - left) {
        ctx.fillText(name, left, bbox.top - 16 * look.ratio);
      }
    });
    ctx.strokeStyle = look.soft;
    ctx.setLineDash([3 * look.ratio, 3 * look.ratio]);
    for (const x of chart.marks) {
      const left = Math.round(at(x));
      ctx.beginPath();
      ctx.moveTo(left, bbox.top);
      ctx.lineTo(left, bbox.top + bbox.height);
      ctx.stroke();
      ctx.fillStyle = look.soft;
      ctx.textBaseline = "bottom";
      ctx.fillText("resumed", left + 4 * look.ratio, bbox.top + bbox.height - 4 * look.ratio);
    }
    ctx.restore();
  };

  const before = (values, i) => {
    while (i >= 0 && values[i] == null) i -= 1;
    return i < 0 ? null : values[i];
  };

  const readout = (chart, box) => {
    const outputs = [...box.querySelectorAll(".legend output")];
    const where = outputs.pop();
    return (u) => {
      const i = u.cursor.idx;
      const x = i == null ? null : u.data[0][i];
      outputs.forEach((output, n) => {
        output.textContent = x == null ? "" : figure(before(u.data[n + 1], i));
      });
      where.textContent = x == null ? "" : chart.axis === "step" ? `step ${x.toLocaleString("en")}` : `at ${clock(x)}`;
    };
  };

  const lineOf = (series) => {
    const rgb = colour(series.colour);
    const few = series.x.length < 3;
    return {
      label: series.label,
      stroke: series.style === "faint" ? faded(rgb, 0.38) : rgb,
      width: series.style === "faint" ? 1 : 1.75,
      dash: series.style === "dashed" ? [7, 5] : undefined,
      points: { show: (few && series.style !== "dashed") || series.style === "points", size: 6, fill: rgb, stroke: rgb },
    };
  };

  const draw = (chart, box, width) => {
    const target = box.querySelector(".plot");
    plots.get(chart.id)?.destroy();
    const style = getComputedStyle(document.body);
    const ratio = devicePixelRatio || 1;
    const look = {
      soft: colour("soft"),
      band: colour("raised"),
      small: `${11 * ratio}px ${style.fontFamily}`,
      ratio,
    };
    const data = uPlot.join(chart.series.map((s) => [s.x, s.y]));
    const logarithmic = Boolean(box.querySelector(".switch input")?.checked);
    const axis = {
      stroke: look.soft,
      font: `12px ${style.fontFamily}`,
      grid: { stroke: colour("rule"), width: 1 },
      ticks: { show: false },
    };
    const across = chart.axis === "step"
      ? { values: (u, at) => at.map((v) => (Number.isInteger(v) ? v.toLocaleString("en") : "")) }
      : { values: (u, at) => at.map(clock), incrs: CLOCK_STEPS, space: 70 };
    const options = {
      width: width || target.clientWidth || 320,
      height: target.clientHeight || 220,
      padding: [chart.bands.length ? 20 : 10, 22, 0, 0],
      legend: { show: false },
      scales: {
        x: chart.extent ? { time: false, range: whole(chart.extent, data[0]) } : { time: false },
        y: logarithmic ? { distr: 3 } : { range: range(chart) },
      },
      axes: [
        { ...axis, size: 28, gap: 6, ...across, grid: { show: false } },
        { ...axis, size: 58, gap: 8, space: 36, values: (u, at) => at.map((v) => (v == null ? "" : figure(v))) },
      ],
      cursor: { sync: { key: `pitchpipe-${chart.axis}` }, y: false, points: { size: 7 }, drag: { x: true, y: false } },
      series: [{}, ...chart.series.map(lineOf)],
      hooks: { drawClear: [background(chart, look)], setCursor: [readout(chart, box)] },
    };
    target.replaceChildren();
    const plot = new uPlot(options, data, target);
    plots.set(chart.id, plot);
    const labels = chart.axis === "step" ? "optimizer steps" : "working time";
    plot.root.querySelector("canvas").setAttribute("aria-label", `${chart.id} over ${labels}`);
  };

  const boxes = new Map(charts.map((c) => [c.id, document.querySelector(`[data-chart="${c.id}"]`)]));
  const drawAll = (width) => {
    for (const chart of charts) {
      const box = boxes.get(chart.id);
      draw(chart, box, width && (box.classList.contains("wide") ? width : width / 2 - 20));
    }
  };

  const move = (plot, key, far) => {
    const last = plot.data[0].length - 1;
    const now = plot.cursor.idx ?? -1;
    const to = { ArrowLeft: now - far, ArrowRight: now + far, Home: 0, End: last }[key];
    const i = Math.min(Math.max(to, 0), last);
    plot.setCursor({ left: plot.valToPos(plot.data[0][i], "x"), top: 1 }, true, true);
  };

  const onKey = (chart) => (event) => {
    const plot = plots.get(chart.id);
    if (["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) {
      move(plot, event.key, event.shiftKey ? 10 : 1);
    } else if (event.key === "Escape") {
      plot.setData(plot.data);
      plot.setCursor({ left: -10, top: -10 }, true, true);
    } else {
      return;
    }
    event.preventDefault();
  };

  drawAll();
  for (const chart of charts) {
    const box = boxes.get(chart.id);
    const target = box.querySelector(".plot");
    target.addEventListener("keydown", onKey(chart));
    new ResizeObserver(() => {
      const plot = plots.get(chart.id);
      const width = target.clientWidth;
      if (width && width !== plot.width) plot.setSize({ width, height: plot.height });
    }).observe(target);
    const toggle = box.querySelector(".switch");
    if (toggle && chart.series.every((s) => s.y.every((y) => y == null || y > 0))) {
      toggle.hidden = false;
      toggle.firstElementChild.addEventListener("change", () => draw(chart, box));
    }
  }

  // --- theme

  const button = document.getElementById("theme");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : dark.matches);
  const showTheme = () => button.setAttribute("aria-pressed", String(isDark()));
  button.hidden = false;
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    try {
      localStorage.setItem("pitchpipe-theme", root.dataset.theme);
    } catch { /* a page opened from a file may have no storage */ }
    showTheme();
    drawAll();
  });
  dark.addEventListener("change", () => {
    showTheme();
    drawAll();
  });
  showTheme();

  // --- print: light, and as wide as a page

  let chosen;
  addEventListener("beforeprint", () => {
    chosen = root.dataset.theme;
    root.dataset.theme = "light";
    document.querySelectorAll("details.plan").forEach((d) => { d.open = true; });
    drawAll(660);
  });
  addEventListener("afterprint", () => {
    if (chosen) root.dataset.theme = chosen;
    else delete root.dataset.theme;
    drawAll();
  });

  // --- contents: where the reader is

  const links = new Map([...document.querySelectorAll(".contents a")].map((a) => [a.hash.slice(1), a]));
  const seen = new Set();
  const spy = new IntersectionObserver((entries) => {
    for (const entry of entries) {
      if (entry.isIntersecting) seen.add(entry.target.id);
      else seen.delete(entry.target.id);
    }
    const current = [...links.keys()].find((id) => seen.has(id));
    links.forEach((a, id) => {
      if (id === current) a.setAttribute("aria-current", "true");
      else a.removeAttribute("aria-current");
    });
  }, { rootMargin: "-60px 0px -60% 0px" });
  for (const id of links.keys()) spy.observe(document.getElementById(id));

  // --- plan: search

  const search = document.getElementById("plan-search");
  if (search) {
    const onlyChosen = document.getElementById("plan-chosen");
    const count = document.getElementById("plan-count");
    const sections = [...document.querySelectorAll(".settings tbody")];
    const filter = () => {
      const sought = search.value.trim().toLowerCase();
      let shown = 0;
      for (const section of sections) {
        let here = 0;
        for (const row of section.querySelectorAll("tr[data-kind]")) {
          const fits = row.textContent.toLowerCase().includes(sought)
            && !(onlyChosen.checked && row.dataset.kind === "default");
          row.hidden = !fits;
          here += fits ? 1 : 0;
        }
        section.hidden = here === 0;
        shown += here;
      }
      count.textContent = sought || onlyChosen.checked ? `${shown} shown` : "";
    };
    search.closest(".filters").hidden = false;
    search.addEventListener("input", filter);
    onlyChosen.addEventListener("change", filter);
  }
})();
