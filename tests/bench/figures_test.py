"""Statistics, table, picture and documents of the benchmark, on given numbers."""

import pathlib
import tempfile
import unittest
import xml.etree.ElementTree

from support import results

import documents
import figures
import picture
import table
import works


def bulk(*values):
    return [None if one is None else {"cpu_per_gb": one, "gbits": 8 / one} for one in values]


class Ratios(unittest.TestCase):
    def test_are_taken_round_by_round(self):
        # A machine that is twice as slow in the second round changes no ratio.
        compared = figures.ratio([1, 2, 1.1], [2, 4, 2])
        self.assertEqual((compared.median, compared.least, compared.most), (0.5, 0.5, 0.55))

    def test_leave_out_rounds_that_one_side_lacks(self):
        self.assertEqual(figures.ratio([1, None, 3], [2, 5, None]).median, 0.5)

    def test_do_not_divide_by_nothing(self):
        self.assertIsNone(figures.ratio([1], [0]))
        self.assertIsNone(figures.ratio([], []))

    def test_medians_skip_rounds_that_failed(self):
        taken = results({("up16", "relay"): bulk(3, None, 1, 2)})
        self.assertEqual(taken.median("up16", "relay", "cpu_per_gb"), 2)
        self.assertIsNone(taken.median("up16", "nginx", "cpu_per_gb"))


class Table(unittest.TestCase):
    def test_tells_median_ratio_and_spread(self):
        taken = results({("up16", "relay"): bulk(0.1, 0.12, 0.1),
                         ("up16", "haproxy"): bulk(0.2, 0.2, 0.2)})
        self.assertEqual(table.cell(taken, "up16", "haproxy", "cpu_per_gb"),
                         "0.200 · **0.50** (0.50-0.60)")
        self.assertEqual(table.cell(taken, "up16", "relay", "cpu_per_gb"), "0.100")

    def test_has_a_row_for_each_measure_that_was_taken(self):
        taken = results({("up16", "relay"): bulk(0.1), ("up16", "nginx"): bulk(0.4)})
        lines = table.markdown(taken).splitlines()
        self.assertEqual(lines[0], "| work | measure | relay | nginx |")
        self.assertEqual([line.split(" | ")[0] for line in lines[2:]], ["| up16", "| "])
        self.assertIn("Gbit/s (more is better)", lines[3])

    def test_shows_a_dash_where_a_program_failed(self):
        taken = results({("up16", "relay"): bulk(0.1), ("up16", "nginx"): bulk(None)})
        self.assertTrue(table.markdown(taken).splitlines()[2].endswith("| 0.100 | - |"))

    def test_says_how_much_the_hypervisor_took(self):
        told = table.SHARED.format(median=0.031, most=0.296)
        self.assertIn("took 3% of a core while a run lasted (median), 30% at most", told)

    def test_writes_numbers_with_three_digits(self):
        self.assertEqual([table.number(one) for one in (None, 0, 0.1234, 1.239, 12.34, 1234.5)],
                         ["-", "0", "0.123", "1.24", "12.3", "1,234"])


class Picture(unittest.TestCase):
    def bars(self, drawing):
        root = xml.etree.ElementTree.fromstring(drawing)
        return [(one.find("{*}title").text, float(one.get("width")))
                for one in root.iter("{http://www.w3.org/2000/svg}rect") if one.find("{*}title") is not None]

    def test_draws_multiples_of_relay(self):
        taken = results({("up16", "relay"): bulk(0.1), ("up16", "haproxy"): bulk(0.3),
                         ("up16", "direct"): bulk(0.01)})
        bars = dict(self.bars(picture.svg(taken, "a < b")))
        self.assertEqual(set(bars), {"relay", "haproxy"})
        self.assertAlmostEqual(bars["haproxy"], 3 * bars["relay"], delta=0.2)

    def test_cuts_bars_that_would_dwarf_the_others(self):
        taken = results({("up16", "relay"): bulk(0.1), ("up16", "x"): bulk(50)})
        bars = dict(self.bars(picture.svg(taken)))
        self.assertAlmostEqual(bars["x"], 5 * bars["relay"], delta=0.5)

    def test_is_none_without_figures(self):
        self.assertIsNone(picture.svg(results({("up16", "relay"): bulk(0.1)})))

    def test_shows_only_works_that_exist(self):
        self.assertLessEqual({name for name, _ in picture.SHOWN}, {work.name for work in works.WORKS})


class Documents(unittest.TestCase):
    def test_replace_what_is_between_the_marks_and_nothing_else(self):
        begin, end = documents.FIGURES
        page = f"before\n{begin}\nold\n{end}\nafter\n"
        made = documents.between_marks(page, "new")
        self.assertEqual(made, f"before\n{begin}\nnew\n{end}\nafter\n")
        self.assertEqual(documents.between_marks(made, "new"), made)

    def test_object_to_a_page_without_marks(self):
        with self.assertRaises(ValueError):
            documents.between_marks("no marks", "new")

    def test_write_table_and_picture(self):
        with tempfile.TemporaryDirectory() as name:
            docs = pathlib.Path(name, "docs")
            docs.mkdir()
            (docs / "performance.md").write_text("\n".join(documents.FIGURES))
            documents.write("a table", "<svg/>", pathlib.Path(name))
            self.assertIn("a table", (docs / "performance.md").read_text())
            self.assertEqual((docs / "performance.svg").read_text(), "<svg/>")

    def test_the_real_page_has_its_marks(self):
        page = (documents.TREE / "docs" / "performance.md").read_text(encoding="utf-8")
        for marks in (documents.FIGURES, documents.INSTRUCTIONS):
            self.assertIn(f"{marks[0]}\nx\n{marks[1]}", documents.between_marks(page, "x", marks))


if __name__ == "__main__":
    unittest.main()
