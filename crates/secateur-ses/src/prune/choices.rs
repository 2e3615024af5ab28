//! Choices given by the user: paths with what is taken there.

use std::collections::BTreeSet;
use std::rc::Rc;

use secateur_core::nearest;

use crate::error::SesError;
use crate::model::Ses;

/// A choice: at the place of `path`, take `child`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// As it was given.
    pub text: String,
    /// Names from the root; `*` is any name, `**` any number of them.
    steps: Vec<String>,
    /// The child of a specialization, an aspect, or a number of repetitions.
    pub child: String,
    /// Whether it decided something.
    pub used: bool,
}

/// All choices and paths to leave open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choices {
    /// Choices.
    pub choices: Vec<Choice>,
    /// Paths that are left open.
    pub delays: Vec<Choice>,
}

impl Choices {
    /// Adds `PATH=CHILD`. A path without a leading slash fits at any depth.
    ///
    /// # Errors
    /// [`SesError::Choice`] when it has no path or no child.
    pub fn choose(&mut self, text: &str) -> Result<(), SesError> {
        let fault = |what: &str| SesError::Choice { choice: text.to_owned(), what: what.into() };
        let (path, child) = text.rsplit_once('=').ok_or_else(|| fault("a choice is PATH=CHILD"))?;
        let (path, child) = (path.trim(), child.trim());
        if path.trim_matches('/').is_empty() || child.is_empty() {
            return Err(fault("a choice is PATH=CHILD"));
        }
        let choice = Choice {
            text: text.to_owned(),
            steps: steps(path),
            child: child.to_owned(),
            used: false,
        };
        if !self.choices.iter().any(|known| known.text == choice.text) {
            self.choices.push(choice);
        }
        Ok(())
    }

    /// Checks that every name in them is one of a structure, so that a slip of the pen is no
    /// choice that does nothing.
    ///
    /// # Errors
    /// [`SesError::Choice`] for the first name that is not there.
    pub(super) fn known(&self, ses: &Ses) -> Result<(), SesError> {
        let names: BTreeSet<&str> = ses.nodes.iter().map(|node| &*node.name).collect();
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        // Behind a name may stand the number of a copy and the level.
        let named = |name: &str| {
            let bare = match name.rsplit_once('.') {
                Some((bare, level)) if is_number(level) => bare,
                _ => name,
            };
            let single = bare.rsplit_once('_').filter(|(_, copy)| is_number(copy));
            [name, bare].iter().any(|name| names.contains(name))
                || single.is_some_and(|(base, _)| names.contains(base))
        };
        for choice in self.choices.iter().chain(&self.delays) {
            let steps =
                choice.steps.iter().map(String::as_str).filter(|step| !step.starts_with('*'));
            let child = Some(choice.child.as_str()).filter(|c| !c.is_empty() && !is_number(c));
            if let Some(name) = steps.chain(child).find(|name| !named(name)) {
                let near = nearest(name, names.iter().copied());
                let near = near.map_or_else(String::new, |near| format!("; is {near} meant?"));
                let what = format!("nothing in the structure is called {name}{near}");
                return Err(SesError::Choice { choice: choice.text.clone(), what });
            }
        }
        Ok(())
    }

    /// Leaves the entity at a path open.
    ///
    /// # Errors
    /// [`SesError::Choice`] for an empty path.
    pub fn delay(&mut self, path: &str) -> Result<(), SesError> {
        if path.trim_matches('/').is_empty() {
            let what = "a path names entities from the root, e.g. /fms/cell".into();
            return Err(SesError::Choice { choice: path.to_owned(), what });
        }
        let child = String::new();
        let steps = steps(path);
        self.delays.push(Choice { text: path.to_owned(), steps, child, used: false });
        Ok(())
    }
}

fn steps(path: &str) -> Vec<String> {
    let mut steps: Vec<String> =
        path.split('/').filter(|step| !step.is_empty()).map(str::to_owned).collect();
    if !path.starts_with('/') && steps.first().is_none_or(|step| step != "**") {
        steps.insert(0, "**".to_owned());
    }
    steps
}

/// How far paths fit the way from the root to an entity: the path, the steps that fitted, and
/// how many of them exactly.
pub(super) type Fits = Rc<Vec<Fit>>;

/// How far one path fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fit {
    /// Which path: first the choices, then the delays.
    pub(super) path: u32,
    /// Steps that fitted.
    step: u32,
    /// Steps that named just this copy.
    exact: u32,
}

impl Choices {
    fn steps(&self, path: u32) -> &[String] {
        let at = path as usize;
        let choices = self.choices.len();
        if at < choices { &self.choices[at].steps } else { &self.delays[at - choices].steps }
    }

    /// The start of every path.
    pub(super) fn begin(&self) -> Fits {
        let all = self.choices.len() + self.delays.len();
        Rc::new((0..all as u32).map(|path| Fit { path, step: 0, exact: 0 }).collect())
    }

    /// One entity further, which is called by any of `names`; the first is that of this copy.
    pub(super) fn enter(&self, fits: &Fits, names: &[&str]) -> Fits {
        if fits.is_empty() {
            return Rc::clone(fits);
        }
        let mut next = Vec::new();
        for fit in fits.iter() {
            let mut at = *fit;
            while let Some(step) = self.steps(fit.path).get(at.step as usize) {
                if step == "**" {
                    push(&mut next, at);
                    at.step += 1;
                    continue;
                }
                let exact = names.first() == Some(&step.as_str());
                if exact || step == "*" || names.contains(&step.as_str()) {
                    let exact = at.exact + 2 * u32::from(exact) + u32::from(step != "*");
                    push(&mut next, Fit { step: at.step + 1, exact, ..at });
                }
                break;
            }
        }
        Rc::new(next)
    }

    /// One aspect further; paths may name it or not.
    pub(super) fn pass(&self, fits: &Fits, name: &str) -> Fits {
        if fits.is_empty() {
            return Rc::clone(fits);
        }
        let mut next = (**fits).clone();
        for fit in fits.iter() {
            if self.steps(fit.path).get(fit.step as usize).is_some_and(|step| step == name) {
                push(&mut next, Fit { step: fit.step + 1, exact: fit.exact + 1, ..*fit });
            }
        }
        Rc::new(next)
    }

    /// The steps that did not fit yet, without those that fit nothing too.
    fn rest(&self, fit: &Fit) -> &[String] {
        let mut rest = &self.steps(fit.path)[fit.step as usize..];
        while let [first, others @ ..] = rest
            && first == "**"
        {
            rest = others;
        }
        rest
    }

    /// Whether the entity that was entered last is to be left open.
    pub(super) fn delays(&self, fits: &Fits) -> bool {
        let first = self.choices.len() as u32;
        fits.iter().any(|fit| fit.path >= first && self.rest(fit).is_empty())
    }

    /// The choices that speak of a decision at the entity entered last, by any of its names, the
    /// most exact last; with how exactly they do.
    pub(super) fn at<'a>(
        &'a self,
        fits: &'a Fits,
        points: &'a [&'a str],
    ) -> impl Iterator<Item = (u32, &'a Choice, u32)> {
        fits.iter().filter_map(move |fit| {
            let choice = self.choices.get(fit.path as usize)?;
            match self.rest(fit) {
                [] => Some((fit.path, choice, fit.exact)),
                [last] => {
                    let named = points.iter().rposition(|point| last == point)?;
                    Some((fit.path, choice, fit.exact + 1 + named as u32))
                }
                _ => None,
            }
        })
    }
}

impl Choices {
    /// What the most exact of the choices wants that speak of a decision, given by the names from
    /// the root to its entity and its own, and whose child `is_candidate` there.
    pub(crate) fn wanted_at(
        &self,
        path: &str,
        point: &str,
        is_candidate: impl Fn(&str) -> bool,
    ) -> Option<&str> {
        let mut fits = self.begin();
        for name in path.split('/').filter(|name| !name.is_empty()) {
            let is_number =
                |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            let bare = name.rsplit_once('_').filter(|(_, copy)| is_number(copy));
            fits = self.enter(&fits, &[name, bare.map_or(name, |(bare, _)| bare)]);
        }
        let points = [point];
        let spoken = self.at(&fits, &points).filter(|(_, choice, _)| is_candidate(&choice.child));
        let best = spoken.max_by_key(|(_, _, exact)| *exact);
        best.and_then(|(path, _, _)| self.choices.get(path as usize)).map(|c| c.child.as_str())
    }
}

fn push(fits: &mut Vec<Fit>, fit: Fit) {
    match fits.iter_mut().find(|known| known.path == fit.path && known.step == fit.step) {
        Some(known) => known.exact = known.exact.max(fit.exact),
        None => fits.push(fit),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How exactly `path=x` fits at the entities of `way`, each with its names.
    #[track_caller]
    fn check(path: &str, way: &[&[&str]], expect: Option<u32>) {
        let mut choices = Choices::default();
        choices.choose(&format!("{path}=x")).unwrap();
        let mut fits = choices.begin();
        for names in way {
            fits = choices.enter(&fits, names);
        }
        let found = choices.at(&fits, &["spec"]).map(|(_, _, exact)| exact).max();
        assert_eq!(found, expect, "{path}");
    }

    #[test]
    fn paths_fit_names_of_copies_and_of_all() {
        let way: &[&[&str]] = &[&["fms"], &["cell_2", "cell"], &["robot"]];
        check("/fms/cell_2/robot", way, Some(9));
        check("/fms/cell/robot", way, Some(7));
        check("/fms/*/robot", way, Some(6));
        check("/fms/cell_1/robot", way, None);
        check("/fms/cell", way, None);
        check("robot", way, Some(3));
        check("/**/robot/spec", way, Some(4));
        check("/fms/**", way, Some(3));
        check("spec", way, Some(1));
        assert!(Choices::default().choose("a").is_err());
        assert!(Choices::default().choose("/=b").is_err());
    }
}
