//! `secateur go analyze`.

use std::process::ExitCode;
use std::time::Instant;

use secateur::core::RunError;
use secateur::core::figure::Figure;
use secateur::core::record::{CostRow, Named, Unit};
use secateur::go::board::Point;
use secateur::go::criteria::Strategy;
use secateur::go::search::{Candidate, Found, Search, Settings};
use serde_json::{Value, json};

use super::moves::{Move, Moves};
use super::position::{self, Position};
use super::{Manner, board, report};
use crate::args::go::AnalyzeArgs;
use crate::commands::pages::Target;
use crate::commands::raster;
use crate::out;
use crate::progress::leave_on_interrupt;

/// What is pruned by when nothing is said.
const STRATEGY: Strategy = Strategy::PotentialLow;

pub(super) fn run(args: &AnalyzeArgs, manner: Manner) -> Result<ExitCode, RunError> {
    let started = Instant::now();
    let path = args.file.as_path();
    let drawing = Target::picture(args.svg.as_deref(), "svg", args.force, &[path])?;
    let pixels = Target::picture(args.png.as_deref(), "png", args.force, &[path])?;
    let page = Target::page(args.report.as_deref(), args.force, &[path])?;
    let mut settings = args.engine.settings();
    if args.engine.prune.is_none() {
        settings.pruning.strategies = vec![STRATEGY];
    }
    settings.check()?;
    let position = position::read(path, args.game as usize, args.after)?;
    let color = position.game.to_play();
    let found = Moves::new(&position.game, color, &settings)?;
    let is_searched = args.engine.playouts.is_some() || args.engine.time_per_move.is_some();
    let searched = is_searched.then(|| search(&position, &settings)).transpose()?;
    let best = searched.as_ref().map_or(&[][..], |(found, _)| &found.candidates[..]);
    let mut written = Vec::new();
    let whole = board::whole(&position.game, &found, best);
    let picture = secateur::report::svg(&whole, &headline(&position)).unwrap_or_default();
    if let Some(drawing) = &drawing {
        drawing.text(&picture)?;
        written.push(drawing.path.display().to_string());
    }
    if let Some(pixels) = &pixels {
        pixels.bytes(&raster::png(&picture)?)?;
        written.push(pixels.path.display().to_string());
    }
    if let Some(page) = &page {
        let seconds = started.elapsed().as_secs_f64();
        page.record(&record(&position, &found, searched.as_ref(), &settings, seconds))?;
        written.push(page.path.display().to_string());
    }
    if manner.json {
        print_json(&position, &found, searched.as_ref(), &settings, &written);
    } else {
        show(args, &position, &found, searched.as_ref(), &settings, &written);
    }
    Ok(ExitCode::SUCCESS)
}

/// The search of the position, and how long it took.
fn search(position: &Position, settings: &Settings) -> Result<(Found, f64), RunError> {
    leave_on_interrupt();
    let begin = Instant::now();
    let mut search = Search::new(settings.clone())?;
    let found = search.best(&position.game, position.game.to_play())?;
    Ok((found, begin.elapsed().as_secs_f64()))
}

/// Which position this is.
fn headline(position: &Position) -> String {
    let of = if position.games > 1 {
        format!("game {} of {}: ", position.number, position.games)
    } else {
        String::new()
    };
    let title =
        if position.title.is_empty() { String::new() } else { format!("{}; ", position.title) };
    format!("{of}{title}after {} of {} moves", position.after, position.moves)
}

/// The moves in the order of a table: those that a search tried first, by it; else those first
/// that go first.
fn ordered<'a>(found: &'a Moves, best: &[Candidate], settings: &Settings) -> Vec<&'a Move> {
    let rank = |one: &Move| {
        best.iter().position(|candidate| candidate.point == one.point).unwrap_or(usize::MAX)
    };
    let score = |one: &Move| match settings.pruning.strategies.first() {
        Some(Strategy::PotentialHigh) => -one.potential.abs(),
        Some(Strategy::GradientLow) => one.gradient,
        Some(Strategy::GradientHigh) => -one.gradient,
        Some(Strategy::PotentialLow) | None => one.density,
    };
    let mut moves: Vec<&Move> = found.legal.iter().collect();
    moves.sort_by(|a, b| {
        let by_cut = a.kept.cmp(&b.kept).then(score(a).total_cmp(&score(b)));
        rank(a).cmp(&rank(b)).then(by_cut)
    });
    moves
}

fn show(
    args: &AnalyzeArgs,
    position: &Position,
    found: &Moves,
    searched: Option<&(Found, f64)>,
    settings: &Settings,
    written: &[String],
) {
    let size = position.game.board().size();
    let best = searched.map_or(&[][..], |(found, _)| &found.candidates[..]);
    out::line(&headline(position));
    for row in board::rows(&position.game, found, best) {
        out::line(row.trim_end());
    }
    out::line(&format!(
        "{} to play: {} legal moves, {} kept (+), {} cut (-), {:.1} %, by {}, {}",
        found.color,
        found.legal.len(),
        found.kept(),
        found.cut(),
        found.share_cut() * 100.0,
        report::names(&settings.pruning.strategies),
        report::threshold(settings)
    ));
    if let Some((color, point)) = position.next {
        let fate = match found.of(point).filter(|_| color == found.color) {
            Some(played) if played.kept => ", which is kept",
            Some(_) => ", which is cut",
            None => "",
        };
        out::line(&format!("the game went on with {} {}{fate}", color, point.vertex(size)));
    }
    if let Some((found, seconds)) = searched {
        out::line(&format!(
            "{} playouts in {seconds:.2} s: {}, which wins {:.1} %",
            out::count(found.work.playouts),
            found.point.vertex(size),
            found.value * 100.0
        ));
    }
    let playouts = |point: Point| best.iter().find(|candidate| candidate.point == point);
    let cells = |one: &&Move| {
        let mut cells = vec![
            one.point.vertex(size),
            format!("{:.3}", one.potential),
            format!("{:.3}", one.density),
            format!("{:.3}", one.gradient),
            fate(one),
        ];
        if searched.is_some() {
            let tried = playouts(one.point);
            let dash = || "-".to_owned();
            cells.push(tried.map_or_else(dash, |c| out::count(u64::from(c.visits))));
            cells.push(tried.map_or_else(dash, |c| format!("{:.1} %", c.value * 100.0)));
        }
        cells
    };
    let moves = ordered(found, best, settings);
    let mut heads = vec!["move", "potential", "density", "gradient", "fate"];
    if searched.is_some() {
        heads.extend(["playouts", "wins"]);
    }
    let shown = moves.iter().take(args.limit).map(cells).collect();
    out::print(&out::table(&heads, shown, &[1, 2, 3, 5, 6]));
    if moves.len() > args.limit {
        out::line(&format!("and {} more; --limit and --json show them", moves.len() - args.limit));
    }
    if !written.is_empty() {
        out::line(&format!("written: {}", written.join(", ")));
    }
}

/// What happens to a move, in words.
fn fate(one: &Move) -> String {
    if one.kept {
        return (if one.safe { "kept, always" } else { "kept" }).to_owned();
    }
    format!("cut by {}", report::names(&one.cut_by))
}

fn print_json(
    position: &Position,
    found: &Moves,
    searched: Option<&(Found, f64)>,
    settings: &Settings,
    written: &[String],
) {
    let size = position.game.board().size();
    let point = |one: &Move| {
        json!({
            "vertex": one.point.vertex(size),
            "potential": one.potential,
            "density": one.density,
            "gradient": one.gradient,
            "kept": one.kept,
            "safe": one.safe,
            "cut_by": one.cut_by.iter().map(|s| s.name()).collect::<Vec<_>>(),
        })
    };
    let next = position.next.map(|(color, point)| {
        let kept = found.of(point).filter(|_| color == found.color).map(|played| played.kept);
        json!({ "color": color.to_string(), "vertex": point.vertex(size), "kept": kept })
    });
    out::json(&json!({
        "file": position.input.name,
        "game": position.number,
        "games": position.games,
        "title": position.title,
        "move": position.after,
        "moves": position.moves,
        "size": size,
        "komi": position.game.komi,
        "stones": board::count(position.game.board()),
        "color": found.color.to_string(),
        "pruning": report::pruning(settings),
        "legal": found.legal.len(),
        "kept": found.kept(),
        "cut": found.cut(),
        "share_cut": found.share_cut(),
        "points": found.legal.iter().map(point).collect::<Vec<_>>(),
        "next": next,
        "search": searched.map(|(found, seconds)| of_search(found, *seconds, size)),
        "written": written,
    }));
}

fn of_search(found: &Found, seconds: f64, size: usize) -> Value {
    let candidate = |candidate: &Candidate| {
        json!({
            "vertex": candidate.point.vertex(size),
            "playouts": candidate.visits,
            "value": candidate.value,
        })
    };
    json!({
        "vertex": found.point.vertex(size),
        "value": found.value,
        "playouts": found.work.playouts,
        "nodes": found.work.nodes,
        "moves": found.work.moves,
        "cut": found.work.cut,
        "seconds": seconds,
        "candidates": found.candidates.iter().map(candidate).collect::<Vec<_>>(),
    })
}

fn record(
    position: &Position,
    found: &Moves,
    searched: Option<&(Found, f64)>,
    settings: &Settings,
    seconds: f64,
) -> secateur::core::record::Record {
    let size = position.game.board().size();
    let best = searched.map_or(&[][..], |(found, _)| &found.candidates[..]);
    let legal = Some(found.legal.len() as f64);
    let mut costs = vec![CostRow::new("Moves", Unit::Count, legal, Some(found.kept() as f64))];
    if let Some((found, _)) = searched {
        let (all, cut) = (found.work.moves as f64, found.work.cut as f64);
        let label = "Moves at all nodes of the search";
        costs.push(CostRow::new(label, Unit::Count, Some(all), Some(all - cut)));
    }
    let rows = ordered(found, best, settings).into_iter().map(|one| {
        vec![
            one.point.vertex(size),
            format!("{:.3}", one.potential),
            format!("{:.3}", one.density),
            format!("{:.3}", one.gradient),
            fate(one),
        ]
    });
    let table = Named {
        title: "Moves".to_owned(),
        caption: "Legal moves; those that a search tried come first, then those that are cut."
            .to_owned(),
        figure: Figure::Table {
            columns: ["move", "potential", "density", "gradient", "fate"].map(str::to_owned).into(),
            rows: rows.collect(),
        },
    };
    let mut figures =
        vec![board::field(&position.game, found), board::kept(&position.game, found, best)];
    if let Some((searched, _)) = searched {
        figures.push(candidates(searched, size));
    }
    figures.extend([table, report::settings(&[("value", settings)])]);
    let head = report::Head {
        model: format!("{size} x {size}, {}", headline(position)),
        name: position.input.name.clone(),
        method: report::names(&settings.pruning.strategies),
        inputs: vec![position.input.clone()],
        costs,
        quality: Vec::new(),
        seconds,
    };
    report::record(head, settings, figures, Vec::new())
}

/// The best moves of a search.
fn candidates(found: &Found, size: usize) -> Named {
    let row = |candidate: &Candidate| {
        vec![
            candidate.point.vertex(size),
            candidate.visits.to_string(),
            format!("{:.1} %", candidate.value * 100.0),
        ]
    };
    Named {
        title: "Best moves".to_owned(),
        caption: format!(
            "Of a search of {} playouts: {} of {} moves were cut at its {} nodes.",
            found.work.playouts, found.work.cut, found.work.moves, found.work.nodes
        ),
        figure: Figure::Table {
            columns: ["move", "playouts", "wins"].map(str::to_owned).into(),
            rows: found.candidates.iter().take(20).map(row).collect(),
        },
    }
}
