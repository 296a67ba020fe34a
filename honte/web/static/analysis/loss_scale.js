// What a move loses, in words, as a text mark and as a colour. The colours tell apart for colour-blind readers (Okabe
// and Ito's set, in analysis.css), and the mark says the same without any colour.

/** @typedef {{least: number, name: string, mark: string, says: string}} LossLevel */

/** @type {LossLevel[]} The level of a loss is the first whose `least` it reaches; 0.1 is ten points of win probability. */
export const LOSS_LEVELS = [
  { least: 0.2, name: "blunder", mark: "??", says: "blunder: loses 20 points or more" },
  { least: 0.1, name: "mistake", mark: "?", says: "mistake: loses 10 to 20 points" },
  { least: 0.05, name: "inaccuracy", mark: "?!", says: "inaccuracy: loses 5 to 10 points" },
  { least: 0.005, name: "good", mark: "", says: "good: loses less than 5 points" },
  { least: -Infinity, name: "best", mark: "★", says: "best: loses nothing" },
];

/** The level of a move that the search has not tried. @type {LossLevel} */
const UNTRIED = { least: NaN, name: "untried", mark: "", says: "the search has not tried this move yet" };

/** @param {number|null} loss null: not known @returns {LossLevel} */
export const lossLevel = (loss) => loss === null ? UNTRIED : LOSS_LEVELS.find((level) => loss >= level.least) || LOSS_LEVELS.at(-1);

/** @param {string} name @returns {LossLevel} the level that a review calls by this name */
export const levelNamed = (name) => LOSS_LEVELS.find((level) => level.name === name) || LOSS_LEVELS[3];

/** @param {string} name @returns {string} a colour for SVG attributes */
export const levelColour = (name) => `var(--loss-${name})`;

/** @param {number} loss @returns {string} the loss in points of win probability: 12.3 */
export const points = (loss) => (100 * Math.max(0, loss)).toFixed(Math.abs(loss) < 0.0995 ? 1 : 0);

/** @param {number|null} p @returns {string} a probability in percent: 63 % */
export const percentOf = (p) => p === null ? "–" : `${Math.round(100 * p)} %`;
