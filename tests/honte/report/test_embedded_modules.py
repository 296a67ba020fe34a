"""The modules of a page become one script, each once, in the order in which they need each other."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from honte.report.embedded_modules import bundle

MODULES = {
    "report/page.js": 'import { area, NAME } from "../shared/shapes.js";\nimport { twice } from "./numbers.js";\n\n'
    "const secret = 1;\nconsole.log(JSON.stringify([NAME, twice(area(3)), secret]));\n",
    "shared/shapes.js": 'import {\n  twice,\n} from "../report/numbers.js";\n\nconst secret = 2;\n'
    'export const NAME = "square";\nexport function area(side) { return twice(side) * side + secret; }\n',
    "report/numbers.js": "const secret = 3;\nexport const twice = (x) => 2 * x + secret - 3;\nexport class Unused {}\n",
}


def test_each_module_is_in_the_script_once_and_after_those_that_it_imports() -> None:
    script = bundle("report/page.js", MODULES.__getitem__)
    places = [script.index(f'modules["{name}"] = ') for name in ("report/numbers.js", "shared/shapes.js")]
    assert places == sorted(places)
    assert places[-1] < script.index('modules["report/page.js"] = ')
    assert all(script.count(f'modules["{name}"] = ') == 1 for name in MODULES)


@pytest.mark.skipif(shutil.which("node") is None, reason="node runs the script")
def test_the_script_runs_and_each_module_has_names_of_its_own() -> None:
    script = bundle("report/page.js", MODULES.__getitem__)
    run = subprocess.run(["node", "-"], input=script, capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(run.stdout) == ["square", 40, 1]


@pytest.mark.parametrize(
    "line",
    [
        'import * as shapes from "./shapes.js";',
        'import shapes from "./shapes.js";',
        "export default 3;",
        'export { area } from "./shapes.js";',
        'import { area as size } from "./shapes.js"; // renamed',
    ],
)
def test_any_other_form_is_refused_with_its_line(line: str) -> None:
    with pytest.raises(ValueError, match=r"page\.js has a form of import or export that cannot be bundled: ") as error:
        bundle("page.js", {"page.js": f"const a = 1;\n{line}\n"}.__getitem__)
    assert line in str(error.value)


def test_modules_that_import_each_other_are_refused() -> None:
    circle = {"a.js": 'import { b } from "./b.js";\n', "b.js": 'import { a } from "./a.js";\n'}
    with pytest.raises(ValueError, match=r"the module a\.js imports itself by way of b\.js"):
        bundle("a.js", circle.__getitem__)
