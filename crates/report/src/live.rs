//! The lines at the bottom of a terminal that move: one for each running picture, and the total.
//! Knows nothing of what is printed above them.

use std::collections::BTreeMap;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::words::clean;
use lang::Lang;

/// More lines than this would push the finished ones off a small terminal.
const MAX_LINES: usize = 12;
/// How often moving lines are drawn anew.
const TICK: Duration = Duration::from_millis(120);

pub(super) struct Live {
    bars: MultiProgress,
    total: ProgressBar,
    /// `None` for those that found no place.
    running: BTreeMap<String, Option<ProgressBar>>,
}

impl Live {
    pub(super) fn start(total: usize, target: ProgressDrawTarget, lang: Lang) -> Self {
        let bars = MultiProgress::with_draw_target(target);
        let total = bars.add(ProgressBar::new(total as u64));
        total.set_style(style(total_line(lang)));
        Self {
            bars,
            total,
            running: BTreeMap::new(),
        }
    }

    pub(super) fn running(&mut self, id: &str, what: &str) {
        let message = format!("{}  {}", clean(id), clean(what));
        if let Some(bar) = self.running.get(id) {
            if let Some(bar) = bar {
                bar.set_message(message);
            }
            return;
        }
        let shown = self.running.values().flatten().count();
        let bar = (shown < MAX_LINES).then(|| {
            let bar = self
                .bars
                .insert_before(&self.total, ProgressBar::new_spinner());
            bar.set_style(style("{spinner} {elapsed:>4} {wide_msg}"));
            bar.set_message(message);
            bar.enable_steady_tick(TICK);
            bar
        });
        self.running.insert(id.to_owned(), bar);
    }

    pub(super) fn done(&mut self, id: &str, counts: bool) {
        if let Some(Some(bar)) = self.running.remove(id) {
            bar.finish_and_clear();
            self.bars.remove(&bar);
        }
        if counts {
            self.total.inc(1);
        }
    }

    /// Runs `print` while no moving line is on the screen.
    pub(super) fn aside(&self, print: impl FnOnce()) {
        self.bars.suspend(print);
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        for bar in self.running.values().flatten() {
            bar.finish_and_clear();
        }
        self.total.finish_and_clear();
    }
}

/// How far the run is, and how long it may still take.
fn total_line(lang: Lang) -> &'static str {
    match lang {
        Lang::English => "{bar:24} {pos}/{len} · {eta} left",
        Lang::Chinese => "{bar:24} {pos}/{len} · 还需 {eta}",
    }
}

fn style(template: &str) -> ProgressStyle {
    // A wrong template is a mistake in this file: the test below would notice, and a user would
    // get the library's own bar.
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

#[cfg(test)]
mod tests {
    use super::{Lang, Live, MAX_LINES, ProgressDrawTarget, ProgressStyle, total_line};

    #[test]
    fn the_templates_are_right() {
        for lang in [Lang::English, Lang::Chinese] {
            assert!(ProgressStyle::with_template(total_line(lang)).is_ok());
        }
        assert!(ProgressStyle::with_template("{spinner} {elapsed:>4} {wide_msg}").is_ok());
    }

    #[test]
    fn lines_come_and_go() {
        let mut live = Live::start(100, ProgressDrawTarget::hidden(), Lang::English);
        for n in 0..MAX_LINES + 5 {
            live.running(&format!("slide/{n:02}"), "drawing");
        }
        live.running("slide/00", "encoding");
        assert_eq!(live.running.values().flatten().count(), MAX_LINES);
        live.done("slide/00", true);
        live.done("never begun", true);
        live.done("fresh", false);
        assert_eq!(live.running.values().flatten().count(), MAX_LINES - 1);
        assert_eq!(live.total.position(), 2);
        let mut printed = false;
        live.aside(|| printed = true);
        assert!(printed);
    }
}
