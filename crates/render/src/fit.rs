//! Chooses font sizes and lines: the largest size at which a text fits its place. Lays the page out
//! for each try; knows nothing of pixels.

use takumi::prelude::{MeasuredNode, Node};

use super::breaks::Grain;
use super::canvas::Canvas;
use super::page::Page;
use super::parts::Parting;
use super::placed::{Ink, at, places};
use super::text_block::{Form, TextBlock};
use super::{DrawError, MAX_MARKS};

/// How far a text may leave its box in px, for rounding.
const SLACK: f32 = 1.5;
/// The same as a part of its line's height: a box of tight lines cuts into the font's own space.
const LEEWAY: f32 = 0.02;
/// A text keeps at least so much of its largest size for the sake of better lines.
const CALM: f32 = 0.86;
/// The price of one more line, and of giving up all of the size; line ends are priced in `breaks`.
const LINE: f32 = 4.5;
/// See [`LINE`].
const SHRINKING: f32 = 30.0;
/// How much smaller the next size is that is tried with one line more, as a part of the largest.
const STRIDE: f32 = 0.02;
/// How words are parted for the sake of size: those of at least so many letters, where the text gets so many times as
/// large by it. A word that has no joint is only torn where it would be one line of small print otherwise.
const PARTED: [(Parting, usize, f32); 3] = [
    (Parting::Signs, 16, 1.25),
    (Parting::Humps, 16, 1.25),
    (Parting::Anywhere, 36, 1.4),
];
/// The longest text whose lines are chosen by words, in characters.
const MAX_LETTERS: usize = 2000;
/// The part of a line's height above and below which the fonts have hardly any ink.
const INK: (f32, f32) = (0.19, 0.88);

/// How a text is cut that no line can hold, one after the other.
const FINER: [Finer; 5] = [
    Finer::Cut(Grain::Names),
    Finer::Cut(Grain::Characters),
    Finer::Part(Parting::Signs),
    Finer::Part(Parting::Humps),
    Finer::Part(Parting::Anywhere),
];

/// A cut of a text.
#[derive(Clone, Copy)]
enum Finer {
    /// All of it.
    Cut(Grain),
    /// The words that are wider than the box.
    Part(Parting),
}

/// A page with every size and every line chosen.
pub(super) struct Fitted {
    /// Its tree.
    pub node: Node,
    /// Where each mark's text is in the measured tree; empty when it is not shown.
    pub places: Vec<Vec<Vec<usize>>>,
}

/// Chooses every size and every line of a page.
pub(super) fn fit(page: &mut Page, canvas: &Canvas<'_>) -> Result<Fitted, DrawError> {
    if page.marks.len() > MAX_MARKS {
        return Err(DrawError::Html(format!(
            "more than {MAX_MARKS} elements have `data-role`, `data-fit` or `data-break`"
        )));
    }
    if page.marks.is_empty() {
        return Ok(Fitted {
            node: page.root.clone(),
            places: Vec::new(),
        });
    }
    let mut settings = Vec::with_capacity(page.marks.len());
    for index in 0..page.marks.len() {
        let mark = page.marks[index].clone();
        settings.push(TextBlock::new(&mut page.root, &mark));
    }
    for (setting, mark) in settings.iter().zip(&page.marks) {
        if mark.words && setting.len() > MAX_LETTERS {
            return Err(DrawError::Html(format!(
                "the `{}` has more than {MAX_LETTERS} characters; `data-break=\"css\"` takes longer texts",
                mark.role
            )));
        }
    }
    let mut fitting = Fitting {
        page,
        canvas,
        settings,
        places: Vec::new(),
        rooms: Vec::new(),
        tried: None,
    };
    fitting.find()?;
    fitting.measure_pieces()?;
    fitting.break_fixed()?;
    let mut order: Vec<usize> = (0..fitting.settings.len()).collect();
    order.sort_by_key(|i| fitting.page.marks[*i].role != "headline");
    for index in order {
        fitting.grow(index)?;
    }
    let node = fitting.node(Form::Chosen);
    if !fitting.holds()
        && let Some((index, by)) = fitting.worst(&canvas.measure(node.clone())?)
    {
        return Err(fitting.overflow(index, by));
    }
    Ok(Fitted {
        node,
        places: fitting.places,
    })
}

/// One page while its texts are being fitted.
struct Fitting<'p> {
    page: &'p Page,
    canvas: &'p Canvas<'p>,
    settings: Vec<TextBlock>,
    /// Where each mark's text is in the measured tree; empty when it is not shown.
    places: Vec<Vec<Vec<usize>>>,
    /// How wide each mark's box is.
    rooms: Vec<f32>,
    /// The last layout.
    tried: Option<Attempt>,
}

impl Fitting<'_> {
    /// The tree with every text put back.
    fn node(&self, form: Form) -> Node {
        let mut root = self.page.root.clone();
        for (index, (mark, setting)) in self.page.marks.iter().zip(&self.settings).enumerate() {
            let form = match form {
                Form::Found(_) => Form::Found(index),
                form => form,
            };
            setting.put(&mut root, mark, form);
        }
        root
    }

    /// Finds the marked texts in the measured tree, and their boxes' widths.
    fn find(&mut self) -> Result<(), DrawError> {
        self.places = vec![Vec::new(); self.settings.len()];
        self.at_largest();
        let measured = self.canvas.measure(self.node(Form::Found(0)))?;
        let mut path = Vec::new();
        places(&measured, &mut path, &mut self.places);
        for (mark, places) in self.page.marks.iter().zip(&mut self.places) {
            if mark.is_group {
                // The tag of a group stands in a box of its own inside the group's.
                if let Some(place) = places.last_mut() {
                    place.pop();
                }
                let keep = places.len().saturating_sub(1);
                places.drain(..keep);
            }
        }
        for (mark, places) in self.page.marks.iter().zip(&self.places) {
            if mark.words && places.len() > 1 {
                return Err(DrawError::Html(format!(
                    "the `{}` has more than one block of text; `data-break=\"words\"` stands on each block itself",
                    mark.role
                )));
            }
        }
        self.rooms = self
            .places
            .iter()
            .map(|places| {
                let widths = places
                    .iter()
                    .filter_map(|path| at(&measured, path))
                    .map(|m| m.width);
                widths.fold(f32::INFINITY, f32::min)
            })
            .collect();
        Ok(())
    }

    /// Measures every piece of the texts whose lines are chosen here.
    fn measure_pieces(&mut self) -> Result<(), DrawError> {
        if !self.page.marks.iter().any(|mark| mark.words) {
            return Ok(());
        }
        self.at_largest();
        let measured = self.canvas.measure(self.node(Form::Trial))?;
        for (index, setting) in self.settings.iter_mut().enumerate() {
            if !self.page.marks[index].words {
                continue;
            }
            let runs: Vec<(&str, f32)> = self.places[index]
                .iter()
                .filter_map(|path| at(&measured, path))
                .flat_map(|node| &node.runs)
                .map(|run| (run.text.as_str(), run.width))
                .collect();
            let mut runs = runs.into_iter();
            let lines = setting.trial();
            let widths: Vec<f32> = lines
                .iter()
                .map(|line| {
                    let (mut length, mut width) = (0, 0.0);
                    let all: usize = line.iter().map(|part| part.text.len()).sum();
                    while length < all {
                        let Some((text, wide)) = runs.next() else {
                            break;
                        };
                        length += text.trim_end_matches('\n').len();
                        width += wide;
                    }
                    width
                })
                .collect();
            setting.measured(&widths);
        }
        Ok(())
    }

    /// Chooses the lines of the texts whose size is given, and those of the others at their smallest.
    fn break_fixed(&mut self) -> Result<(), DrawError> {
        for finer in FINER.map(Some).into_iter().chain([None]) {
            let mut cut = false;
            for index in 0..self.settings.len() {
                let mark = &self.page.marks[index];
                if !mark.words || self.settings[index].lines.is_some() {
                    continue;
                }
                let (room, scale) = (self.rooms[index], self.smallest(index));
                let setting = &mut self.settings[index];
                if !setting.choose(room, scale)
                    && let Some(finer) = finer
                {
                    match finer {
                        Finer::Cut(grain) => setting.cut(grain),
                        Finer::Part(parting) => {
                            setting.part(room, scale, 0, parting);
                        }
                    }
                    cut = true;
                }
            }
            if !cut {
                break;
            }
            self.measure_again()?;
        }
        for (setting, mark) in self.settings.iter_mut().zip(&self.page.marks) {
            setting.size = mark.fit.map(|(low, _)| low);
        }
        Ok(())
    }

    /// Gives one text the largest size at which the page holds together.
    fn grow(&mut self, index: usize) -> Result<(), DrawError> {
        let Some((low, high)) = self.page.marks[index].fit else {
            return Ok(());
        };
        if self.places[index].is_empty() {
            return Ok(());
        }
        if !self.holds()
            && let Some((which, by)) = self.attempt(index, low, high)?
        {
            return Err(self.overflow(which, by));
        }
        let mut largest = self.largest(index, low, high)?;
        if self.page.marks[index].words {
            if let Some(larger) = self.part_for_size(index, largest, high)? {
                largest = larger;
            }
            return self.prefer_fewer_lines(index, largest, low, high);
        }
        self.attempt(index, largest, high)?;
        Ok(())
    }

    /// The largest size from `low`, which fits, to `high` at which the page holds together.
    fn largest(&mut self, index: usize, low: f32, high: f32) -> Result<f32, DrawError> {
        let steps = (high - low).floor() as u32;
        let (mut fits, mut fails) = (0, steps + 1);
        let mut next = steps;
        while fits + 1 < fails {
            match self.attempt(index, low + next as f32, high)? {
                None => fits = next,
                Some(_) => fails = next,
            }
            next = fits + (fails - fits) / 2;
        }
        Ok(low + fits as f32)
    }

    /// Parts long words where that lets all of the text be a good deal larger; the size then.
    fn part_for_size(
        &mut self,
        index: usize,
        largest: f32,
        high: f32,
    ) -> Result<Option<f32>, DrawError> {
        for (parting, letters, gain) in PARTED {
            let wanted = (largest * gain).ceil();
            if wanted > high || self.page.marks[index].is_group {
                continue;
            }
            let whole = self.settings[index].clone();
            let (room, scale) = (self.rooms[index], wanted / high);
            if !self.settings[index].part(room, scale, letters, parting) {
                continue;
            }
            self.measure_again()?;
            self.tried = None;
            if self.attempt(index, wanted, high)?.is_none() {
                return self.largest(index, wanted, high).map(Some);
            }
            self.settings[index] = whole;
            self.tried = None;
        }
        Ok(None)
    }

    /// Measures the pieces after some were cut, and leaves the lines and sizes that were chosen.
    fn measure_again(&mut self) -> Result<(), DrawError> {
        let kept = self.settings.iter_mut();
        let kept: Vec<_> = kept.map(|s| (s.lines.take(), s.size)).collect();
        self.measure_pieces()?;
        for (setting, (lines, size)) in self.settings.iter_mut().zip(kept) {
            (setting.lines, setting.size) = (lines, size);
        }
        Ok(())
    }

    /// Fewer lines are worth a somewhat smaller size, and better ends that or one line more.
    fn prefer_fewer_lines(
        &mut self,
        index: usize,
        largest: f32,
        low: f32,
        high: f32,
    ) -> Result<(), DrawError> {
        let mut sizes = Sizes {
            smallest: (largest * CALM).max(low),
            limit: largest,
            largest,
            high,
        };
        let fewest = self.offer(index, 0, sizes);
        while let Some(more) = self.offer(index, 1, sizes) {
            if fewest.is_some_and(|fewest| fewest.price <= more.price) {
                break;
            }
            if self.attempt(index, more.size, high)?.is_none() {
                return Ok(());
            }
            // Too high: what is tried next is a good deal smaller, so that this ends soon.
            sizes.limit = more.size - (largest * STRIDE).max(1.0);
        }
        self.settings[index].more = 0;
        if let Some(fewest) = fewest
            && self.attempt(index, fewest.size, high)?.is_none()
        {
            return Ok(());
        }
        self.attempt(index, largest, high)?;
        Ok(())
    }

    /// The cheapest size for lines that are as few as can be and `more`; leaves the text set for so many.
    fn offer(&mut self, index: usize, more: usize, sizes: Sizes) -> Option<Offer> {
        let room = self.rooms[index];
        let setting = &mut self.settings[index];
        setting.more = more;
        let mut best: Option<Offer> = None;
        let mut size = sizes.limit;
        while size >= sizes.smallest {
            if setting.choose(room, size / sizes.high)
                && let Some(chosen) = &setting.lines
            {
                let shrunk = SHRINKING * (1.0 - size / sizes.largest);
                let price = chosen.cost + LINE * chosen.lines.len() as f32 + shrunk;
                if best.is_none_or(|best| price < best.price - 0.01) {
                    best = Some(Offer { price, size });
                }
            }
            size -= 1.0;
        }
        best
    }

    /// Sets one text at a size; what is wrong with the page then.
    fn attempt(
        &mut self,
        index: usize,
        size: f32,
        high: f32,
    ) -> Result<Option<(usize, f32)>, DrawError> {
        self.settings[index].size = Some(size);
        let scale = size / high;
        for (which, mark) in self.page.marks.iter().enumerate() {
            if !mark.words
                || self.places[which].is_empty()
                || (which != index && mark.group != Some(index))
            {
                continue;
            }
            let (room, setting) = (self.rooms[which], &mut self.settings[which]);
            if !setting.choose(room, scale) {
                self.tried = None;
                return Ok(Some((which, setting.widest(scale) - room)));
            }
        }
        if let Some(tried) = self.tried
            && tried.index == index
            && tried.size == size
            && tried.more == self.settings[index].more
        {
            return Ok(tried.wrong);
        }
        let measured = self.canvas.measure(self.node(Form::Chosen))?;
        let wrong = self.worst(&measured);
        self.tried = Some(Attempt {
            index,
            size,
            more: self.settings[index].more,
            wrong,
        });
        Ok(wrong)
    }

    /// Whether the page as it stands was laid out and nothing was wrong.
    fn holds(&self) -> bool {
        self.tried.is_some_and(|tried| tried.wrong.is_none())
    }

    /// A text's smallest size as a part of the one it was measured with.
    fn smallest(&self, index: usize) -> f32 {
        let mark = &self.page.marks[index];
        let fit = mark
            .fit
            .or_else(|| mark.group.and_then(|group| self.page.marks[group].fit));
        fit.map_or(1.0, |(low, high)| low / high)
    }

    fn at_largest(&mut self) {
        for (setting, mark) in self.settings.iter_mut().zip(&self.page.marks) {
            setting.size = mark.fit.map(|(_, high)| high);
        }
    }

    fn overflow(&self, index: usize, by: f32) -> DrawError {
        let setting = &self.settings[index];
        let (text, widest) = setting.told();
        // Where there are lines, no word is too wide.
        let word = widest.filter(|_| self.page.marks[index].words && setting.lines.is_none());
        DrawError::Overflow {
            what: self.page.marks[index].role.clone(),
            by: by.ceil().max(1.0) as u32,
            text,
            word,
        }
    }

    /// The text that leaves its place the most, and by how many px.
    fn worst(&self, measured: &MeasuredNode) -> Option<(usize, f32)> {
        let (width, height) = (self.canvas.width as f32, self.canvas.height as f32);
        let mut worst: Option<(usize, f32)> = None;
        let mut blame = |index: usize, by: f32, slack: f32| {
            if by > slack && worst.is_none_or(|(_, most)| by > most) {
                worst = Some((index, by));
            }
        };
        let mut inks: Vec<(usize, Ink)> = Vec::new();
        for (index, places) in self.places.iter().enumerate() {
            let mark = &self.page.marks[index];
            if mark.role.is_empty() && mark.fit.is_none() && mark.group.is_none() {
                continue;
            }
            let around = mark
                .group
                .and_then(|group| at(measured, self.places[group].first()?));
            let around =
                around.map(|node| Ink::new(&node.transform, [0.0, 0.0, node.width, node.height]));
            if mark.is_group {
                continue;
            }
            for node in places.iter().filter_map(|path| at(measured, path)) {
                for run in node.runs.iter().filter(|run| !run.text.trim().is_empty()) {
                    let (top, bottom) = (run.y + run.height * INK.0, run.y + run.height * INK.1);
                    let ink = Ink::new(&node.transform, [run.x, top, run.x + run.width, bottom]);
                    let slack = SLACK + run.height * LEEWAY;
                    blame(index, -run.x, slack);
                    blame(index, run.x + run.width - node.width, slack);
                    blame(index, -top, slack);
                    blame(index, bottom - node.height, slack);
                    blame(index, -ink.left, slack);
                    blame(index, -ink.top, slack);
                    blame(index, ink.right - width, slack);
                    blame(index, ink.bottom - height, slack);
                    if let Some(around) = &around {
                        blame(index, ink.bottom - around.bottom, slack);
                        blame(index, ink.right - around.right, slack);
                    }
                    inks.push((index, ink));
                }
            }
        }
        for (n, (index, ink)) in inks.iter().enumerate() {
            for (other, under) in &inks[n + 1..] {
                if index != other {
                    blame(*other, ink.overlap(under), SLACK);
                }
            }
        }
        worst
    }
}

/// The sizes among which one is chosen.
#[derive(Clone, Copy)]
struct Sizes {
    smallest: f32,
    limit: f32,
    /// The largest that fits at all.
    largest: f32,
    /// The one that the widths were measured at.
    high: f32,
}

/// A size for a text, and what it costs in lines, line ends and smallness.
#[derive(Clone, Copy)]
struct Offer {
    price: f32,
    size: f32,
}

/// A layout of the page with one text at one size.
#[derive(Clone, Copy)]
struct Attempt {
    index: usize,
    size: f32,
    more: usize,
    /// The text that left its place the most, and by how many px.
    wrong: Option<(usize, f32)>,
}
