//! Commands that search, and the clock that limits them.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use super::clock::Overtime;
use super::commands::{color_of, number, syntax};
use super::lines::Lines;
use super::score::reading;
use super::{Engine, Reply};
use crate::board::{Color, Point};
use crate::search::{Found, Limits, Search};

/// Time between two looks for a line while the engine thinks on its own.
const SLICE: Duration = Duration::from_millis(40);
/// Time between two reports of an analysis that names none.
const INTERVAL: Duration = Duration::from_millis(500);
/// Moves of a report.
const MOVES_MAX: usize = 20;

fn search(engine: &mut Engine, color: Color) -> Result<Found, String> {
    let points = engine.game.board().size() * engine.game.board().size();
    let moves = engine.game.moves().len();
    let to_come = (points * 2 / 3).saturating_sub(moves).max(points / 6) / 2;
    let share = engine.clock.share(color, to_come);
    let time = match (share, engine.settings.time) {
        (Some(share), Some(most)) => Some(share.min(most)),
        (share, most) => share.or(most),
    };
    engine.search.limit_time(time);
    let begin = Instant::now();
    let limits = Limits { interrupt: Some(&engine.interrupt), ..engine.search.limits() };
    let found = engine.search.think(&engine.game, color, limits).map_err(|error| error.to_string());
    engine.clock.spend(color, begin.elapsed().as_secs_f64());
    found
}

pub(super) fn genmove(engine: &mut Engine, words: &[&str]) -> Reply {
    let color = color_of(words.first())?;
    let found = search(engine, color)?;
    if found.resigns {
        return Ok("resign".to_owned());
    }
    engine.game.play(found.point, color).map_err(|error| error.to_string())?;
    Ok(found.point.vertex(engine.game.board().size()))
}

/// A move of the phase in which dead stones are taken off by playing: no pass as long as there
/// are any of the opponent, and no resignation.
pub(super) fn kgs_genmove_cleanup(engine: &mut Engine, words: &[&str]) -> Reply {
    let color = color_of(words.first())?;
    let found = search(engine, color)?;
    let point = if found.point.is_pass() {
        takes_dead(engine, color, &found).unwrap_or(Point::PASS)
    } else {
        found.point
    };
    engine.game.play(point, color).map_err(|error| error.to_string())?;
    Ok(point.vertex(engine.game.board().size()))
}

/// The liberty of a dead chain of the opponent that the search tried most.
fn takes_dead(engine: &Engine, color: Color, found: &Found) -> Option<Point> {
    let board = engine.game.board();
    let dead = reading(engine).dead.into_iter();
    let liberties = dead
        .filter(|point| board.at(*point) == Some(color.other()))
        .flat_map(|point| board.liberties(point))
        .filter(|point| engine.game.is_legal(*point, color));
    let visits = |point: &Point| {
        found.candidates.iter().find(|one| one.point == *point).map_or(0, |one| one.visits)
    };
    liberties.max_by_key(visits)
}

/// A move and what led to it, as Sabaki asks for it.
pub(super) fn lz_genmove_analyze(engine: &mut Engine, words: &[&str]) -> Reply {
    let color = color_of(words.first())?;
    let found = search(engine, color)?;
    let report = report(engine, &found);
    if found.resigns {
        return Ok(format!("\n{report}\nplay resign"));
    }
    engine.game.play(found.point, color).map_err(|error| error.to_string())?;
    Ok(format!("\n{report}\nplay {}", found.point.vertex(engine.game.board().size())))
}

/// A move that is not played, by a search of its own: the same for a seed whatever was before.
pub(super) fn reg_genmove(engine: &mut Engine, words: &[&str]) -> Reply {
    let color = color_of(words.first())?;
    let mut search = Search::new(engine.settings.clone()).map_err(|error| error.to_string())?;
    let limits = Limits { interrupt: Some(&engine.interrupt), ..search.limits() };
    let found = search.think(&engine.game, color, limits).map_err(|error| error.to_string())?;
    Ok(found.point.vertex(engine.game.board().size()))
}

/// One report; a controller that can wait gets them one after the other, see [`analyze`].
pub(super) fn lz_analyze(engine: &mut Engine, words: &[&str]) -> Reply {
    let color = color_of(words.first()).unwrap_or(engine.game.to_play());
    let found = search(engine, color)?;
    Ok(format!("\n{}", report(engine, &found)))
}

/// Moves as Leela Zero reports them: shares of wins in ten thousandths, the best first.
fn report(engine: &Engine, found: &Found) -> String {
    let size = engine.game.board().size();
    let mut text = String::new();
    for (order, candidate) in found.candidates.iter().take(MOVES_MAX).enumerate() {
        let vertex = candidate.point.vertex(size);
        let rate = (candidate.value * 10_000.0).round();
        let visits = candidate.visits;
        let _ = write!(text, "info move {vertex} visits {visits} winrate {rate} order {order} pv");
        for point in engine.search.variation(candidate.point) {
            let _ = write!(text, " {}", point.vertex(size));
        }
        text.push(' ');
    }
    text.trim_end().to_owned()
}

/// What an analysis was asked for: `lz-analyze [COLOR] [INTERVAL]`, the interval in hundredths of
/// a second, further words are not looked at.
#[derive(Debug)]
pub(super) struct Analysis {
    color: Color,
    interval: Duration,
}

impl Analysis {
    pub(super) fn of(engine: &Engine, words: &[&str]) -> Self {
        let color = color_of(words.first()).unwrap_or(engine.game.to_play());
        let hundredths = words.iter().take(3).find_map(|word| number(Some(word)));
        let interval = hundredths
            .filter(|h| *h > 0.0)
            .map_or(INTERVAL, |h| Duration::from_secs_f64((h / 100.0).clamp(0.01, 3600.0)));
        Self { color, interval }
    }
}

/// Reports until the next line comes, or the end of them.
pub(super) fn analyze(
    engine: &mut Engine,
    analysis: &Analysis,
    lines: &mut Lines,
    output: &mut impl Write,
) -> io::Result<()> {
    loop {
        let begin = Instant::now();
        let found = loop {
            let left = analysis.interval.saturating_sub(begin.elapsed());
            let time = Some(left.clamp(Duration::from_millis(1), SLICE));
            let limits = Limits { time, ..Limits::default() };
            let found = match engine.search.think(&engine.game, analysis.color, limits) {
                Ok(found) => found,
                Err(error) => return writeln!(output, "{error}"),
            };
            let is_due = begin.elapsed() >= analysis.interval;
            if is_due || lines.is_there() {
                break found;
            }
        };
        writeln!(output, "{}", report(engine, &found))?;
        output.flush()?;
        // The trees are full.
        if found.work.playouts == 0 {
            lines.wait();
        }
        if lines.is_there() {
            return Ok(());
        }
    }
}

/// Thinks about the next move of the opponent until a line comes.
pub(super) fn ponder(engine: &mut Engine, lines: &mut Lines) {
    let color = engine.game.to_play();
    let limits = Limits { time: Some(SLICE), ..Limits::default() };
    while !lines.is_there() && engine.game.passes() < 2 {
        match engine.search.think(&engine.game, color, limits) {
            Ok(found) if found.work.playouts > 0 => {}
            Ok(_) | Err(_) => return,
        }
    }
}

pub(super) fn time_settings(engine: &mut Engine, words: &[&str]) -> Reply {
    let numbers: Vec<f64> =
        words.iter().filter_map(|word| number(Some(word))).filter(|n| *n >= 0.0).collect();
    let [main, seconds, stones] = numbers[..] else { return syntax("syntax error") };
    // A period without stones means that there is no limit, and so do three zeros to clients.
    let overtime = match (seconds > 0.0, stones as u32) {
        (true, 0) => None,
        (false, _) if main == 0.0 => None,
        (_, stones) => Some(Overtime::Canadian { seconds, stones }),
    };
    engine.clock.set(main, overtime);
    Ok(String::new())
}

/// The systems of the server KGS: `none`, `absolute MAIN`, `byoyomi MAIN PERIOD PERIODS`,
/// `canadian MAIN PERIOD STONES`. With byo-yomi the last number of `time_left` is that of the
/// periods.
pub(super) fn kgs_time_settings(engine: &mut Engine, words: &[&str]) -> Reply {
    let numbers: Vec<f64> =
        words.iter().skip(1).filter_map(|word| number(Some(word))).filter(|n| *n >= 0.0).collect();
    match (words.first().copied(), &numbers[..]) {
        (Some("none"), _) => engine.clock.set(0.0, None),
        (Some("absolute"), [main]) => engine.clock.set(*main, Some(Overtime::None)),
        (Some("byoyomi"), [main, seconds, periods]) => {
            let overtime = Overtime::ByoYomi { seconds: *seconds, periods: *periods as u32 };
            engine.clock.set(*main, Some(overtime));
        }
        (Some("canadian"), [main, seconds, stones]) => {
            let overtime = Overtime::Canadian { seconds: *seconds, stones: *stones as u32 };
            engine.clock.set(*main, Some(overtime));
        }
        _ => return syntax("syntax error"),
    }
    Ok(String::new())
}

pub(super) fn time_left(engine: &mut Engine, words: &[&str]) -> Reply {
    let color = color_of(words.first())?;
    let (Some(seconds), Some(stones)) = (number(words.get(1)), number(words.get(2))) else {
        return syntax("syntax error");
    };
    engine.clock.tell(color, seconds.max(0.0), stones as u32);
    Ok(String::new())
}
