// What is printed.
import { reach, rows } from "./rows.mjs";

const figure = (value) => value.toLocaleString("en-US");
const signed = (value) => `${value > 0 ? "+" : ""}${figure(value)}`;

/** Columns as wide as their widest cell; `right` says which are set flush right. */
export function columns(lines, right) {
  const width = lines[0].map((_, i) => Math.max(...lines.map((line) => line[i].length)));
  const cell = (text, i) => (right.includes(i) ? text.padStart(width[i]) : text.padEnd(width[i]));
  return lines.map((line) => line.map(cell).join("  ").trimEnd()).join("\n");
}

/** Every row of one run, with what it should reach. */
export function table(gas) {
  const line = ({ name, what }) => {
    const target = reach[name]?.(gas);
    return [name, figure(gas[name]), target ? figure(target) : "", target ? signed(gas[name] - target) : "", what];
  };
  return columns([["row", "gas", "reach", "over", ""], ...rows.map(line)], [1, 2, 3]);
}

/** Every row of the committed snapshot beside this run's. */
export function differences(old, gas) {
  const line = (name) => {
    const both = name in old && name in gas;
    const change = both ? gas[name] - old[name] : 0;
    const percent = both ? `${((100 * change) / old[name]).toFixed(2)} %` : "";
    return [name, name in old ? figure(old[name]) : "missing", name in gas ? figure(gas[name]) : "missing", both ? signed(change) : "", percent];
  };
  const names = [...new Set([...Object.keys(gas), ...Object.keys(old)])];
  return columns([["row", "snapshot", "now", "difference", ""], ...names.map(line)], [1, 2, 3, 4]);
}

/** The parts of one row's gas. */
export function parts(name, gas, list) {
  const line = ([what, value, times]) => [what, figure(value), times ? `${times}` : ""];
  return columns([[name, "gas", "times"], ...list.map(line), ["all", figure(gas), ""]], [1, 2]);
}
