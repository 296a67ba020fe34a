// Fields for the parameters of a game, and the game's text that they make. The server checks the values.

/** "rows" of "k_in_a_row" as people read it. @param {string} name */
const nameText = (name) => name.replace(/_/g, " ");

/** @param {HTMLElement} place @param {() => void} changed */
export function parameterFields(place, changed) {
  /** @type {{parameter: any, read: () => string}[]} */ let fields = [];

  function field(parameter, value) {
    const label = document.createElement("label");
    label.className = "line";
    const span = Object.assign(document.createElement("span"), { textContent: nameText(parameter.name) });
    let input, read;
    if (parameter.type === "boolean") {
      input = Object.assign(document.createElement("input"), { type: "checkbox", checked: !!value });
      read = () => String(input.checked);
      label.className = "check";
      label.append(input, span);
    } else if (parameter.choices) {
      input = document.createElement("select");
      input.append(...parameter.choices.map((each) => new Option(String(each), String(each), false, each === value)));
      read = () => input.value;
      label.append(span, input);
    } else {
      const number = parameter.type === "integer" || parameter.type === "number";
      input = Object.assign(document.createElement("input"), { type: number ? "number" : "text", value: String(value) });
      if (number) Object.assign(input, { min: String(parameter.minimum), max: String(parameter.maximum), step: parameter.type === "integer" ? "1" : "0.5" });
      else Object.assign(input, { placeholder: parameter.example || "", size: 10 });
      read = () => input.value.trim();
      label.append(span, input);
    }
    input.name = `parameter-${parameter.name}`;
    input.addEventListener("change", changed);
    fields.push({ parameter, read });
    return label;
  }
  return {
    /** @param {any} game @param {any[]|null} values parameters with values of a game that is known */
    show(game, values = null) {
      fields = [];
      const valueOf = (parameter) => ((values || []).find((each) => each.name === parameter.name) || parameter).value ?? parameter.default;
      place.replaceChildren(...game.parameters.map((parameter) => field(parameter, valueOf(parameter))));
    },
    /** The game's text: ID:name=value,... of what differs from the defaults. @param {any} game */
    textFor(game) {
      const differ = fields.filter(({ parameter, read }) => read() !== String(parameter.default) && +read() !== parameter.default);
      return game.id + (differ.length ? `:${differ.map(({ parameter, read }) => `${parameter.name}=${read()}`).join(",")}` : "");
    },
  };
}
