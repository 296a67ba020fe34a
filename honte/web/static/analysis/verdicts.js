// What the network, the search and the solver say of one position, side by side.

import { percentOf } from "./loss_scale.js";

const OUTCOMES = { "1": "a win", "0": "a draw", "-1": "a loss" };

/** @param {any} analysis @returns {{who: string, chance: string, moves: string, says: string, agrees: boolean|null}[]} */
export function verdictRows(analysis) {
  const best = analysis.moves.length ? analysis.moves[0].move : null, rows = [];
  const truth = analysis.truth, good = truth ? truth.moves.filter((each) => each.outcome === truth.outcome).map((each) => each.move) : [];
  const right = (move) => (truth && move !== null ? good.includes(move) : null);
  if (analysis.network) {
    const [move, share] = analysis.network.policy[0] || [null, 0];
    rows.push({ who: "Network", chance: percentOf(analysis.network.win_probability), moves: move || "–", says: move ? `prior ${percentOf(share)}` : "", agrees: right(move) });
  }
  const proven = analysis.proven === null || analysis.proven === undefined ? "" : `proven: ${OUTCOMES[analysis.proven]}`;
  rows.push({ who: "Search", chance: percentOf(analysis.win_probability), moves: best || "–", says: proven || `${analysis.visits.toLocaleString("en")} visits`, agrees: right(best) });
  if (truth) {
    const sample = good.slice(0, 6).join(" ") + (good.length > 6 ? ` and ${good.length - 6} more` : "");
    rows.push({ who: "Solver", chance: OUTCOMES[truth.outcome], moves: sample || "–", says: good.length === truth.moves.length ? "every move keeps it" : `${good.length} of ${truth.moves.length} moves keep it`, agrees: null });
  }
  return rows;
}

/** The table of verdicts: `show(analysis, name of the player to move)`. */
export function verdictTable() {
  const table = document.createElement("table");
  table.className = "verdicts";
  table.innerHTML = '<caption></caption><thead><tr><th scope="col"><span class="visually-hidden">who</span></th><th scope="col">to move</th><th scope="col">plays</th><th scope="col"><span class="visually-hidden">remark</span></th></tr></thead><tbody></tbody>';
  const caption = table.querySelector("caption"), body = table.querySelector("tbody"), heading = table.querySelectorAll("th")[1];
  return {
    element: table,
    show(analysis, toPlay) {
      table.hidden = !analysis;
      if (!analysis) return;
      caption.textContent = "Verdicts";
      heading.textContent = `for ${toPlay}`;
      body.replaceChildren(...verdictRows(analysis).map((row) => {
        const line = document.createElement("tr");
        const agrees = row.agrees === null ? "" : row.agrees ? " ✓" : " ✗";
        const cells = [row.who, row.chance, row.moves + agrees, row.says].map((text, i) => {
          const cell = document.createElement(i ? "td" : "th");
          if (!i) cell.scope = "row";
          cell.textContent = text;
          return cell;
        });
        if (row.agrees !== null) cells[2].title = row.agrees ? "the solver agrees: this move keeps the outcome" : "the solver disagrees: this move loses something";
        if (row.agrees === false) line.className = "wrong";
        line.append(...cells);
        return line;
      }));
    },
  };
}
