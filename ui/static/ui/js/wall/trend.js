// New cases per hour by line, stacked: solid, dashed, dotted, so that the lines differ without colour.
import { init } from "../../../vendor/echarts@6.1.0/echarts.js";
import { gettext } from "../text.js";

const LINES = [
  ["HOTLINE", "#4DA3FF", "solid"],
  ["GRID", "#3DDCA0", "dashed"],
  ["AFFAIRS", "#FF9BD2", "dotted"],
];
const still = { animation: false, silent: true };
let chart = null;

function hour(seconds) {
  return new Date(seconds * 1000).toLocaleTimeString("zh-CN", {
    hour: "2-digit",
    minute: "2-digit",
    hour12: false,
    timeZone: "Asia/Shanghai",
  });
}

function series([line, color, type], values, scale) {
  return {
    type: "line",
    stack: "all",
    symbol: "none",
    smooth: 0.3,
    silent: true,
    lineStyle: { width: 2.5 * scale, color, type },
    areaStyle: { color, opacity: 0.2 },
    data: values[line],
  };
}

/** Draw the trend of `{hours, lines}` into an element, letters at `scale`. */
export function draw(element, trend, scale) {
  if (!element.clientWidth) return;
  chart ??= init(element, null, { renderer: "svg" });
  chart.resize();
  const size = 16 * scale;
  const label = { color: "#A9C4EC", fontSize: size, fontFamily: "SX Num" };
  chart.setOption(
    {
      ...still,
      grid: { left: 52 * scale, right: 16 * scale, top: 14 * scale, bottom: 32 * scale },
      xAxis: {
        type: "category",
        boundaryGap: false,
        data: trend.hours.map(hour),
        axisLine: { lineStyle: { color: "#2C5A9A" } },
        axisTick: { show: false },
        axisLabel: { ...label, interval: 5 },
      },
      yAxis: {
        type: "value",
        splitNumber: 3,
        minInterval: 1,
        axisLabel: label,
        splitLine: { lineStyle: { color: "rgba(120,170,255,.14)" } },
      },
      series: LINES.map((line) => series(line, trend.lines, scale)),
    },
    true,
  );
}

/** The same in words, for those who cannot see it. */
export function inWords(trend) {
  const totals = trend.hours.map((at, n) => [at, LINES.reduce((sum, [line]) => sum + trend.lines[line][n], 0)]);
  return `${gettext("近 24 小时每小时受理：")}${totals.map(([at, n]) => `${hour(at)} ${n}`).join("，")}`;
}
