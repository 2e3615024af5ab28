//! The closed form, level by level and from the leaves up.

use std::collections::HashMap;
use std::sync::Arc;

use num_bigint::BigUint;

use crate::error::{BITS, SesError};
use crate::model::{Id, Kind, Repeat, Ses};
use crate::prune::facts::{Facts, facts};
use crate::script::value::Value;
use crate::script::{Code, Functions, Globals, Machine};

/// Bits of the largest number that is computed.
const BITS_MAX: u64 = 4_000_000;
/// Entities that are counted one by one, because numbers of repetitions differ between copies.
const SINGLE_MAX: u64 = 200_000;
/// How deep such entities may stand in each other.
const SINGLE_DEPTH: u32 = 500;

/// Numbers of the repeated entities above, the nearest last.
pub(super) type Above = Vec<(Arc<str>, u64)>;

/// What an entity contributes to the one that it merges into.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Share {
    /// Ways to take the decisions in specializations.
    pub(super) ways: BigUint,
    /// Over these ways, the members of all aspects that are then there.
    pub(super) aspects: BigUint,
    /// Ways without any aspect.
    pub(super) bare: BigUint,
}

impl Share {
    /// What there is before anything is added.
    pub(super) fn one() -> Self {
        Self { ways: one(), aspects: BigUint::ZERO, bare: one() }
    }

    /// Both together: every way of one with every way of the other.
    pub(super) fn times(&self, other: &Self) -> Self {
        Self {
            ways: &self.ways * &other.ways,
            aspects: &self.aspects * &other.ways + &other.aspects * &self.ways,
            bare: &self.bare * &other.bare,
        }
    }

    fn plus(&mut self, other: &Self) {
        self.ways += &other.ways;
        self.aspects += &other.aspects;
        self.bare += &other.bare;
    }

    pub(super) fn members(&self) -> BigUint {
        &self.aspects + &self.bare
    }
}

fn one() -> BigUint {
    BigUint::from(1_u32)
}

/// Tables of one family.
#[derive(Debug)]
pub(super) struct Tables<'a> {
    pub(super) ses: &'a Ses,
    pub(super) facts: Facts,
    pub(super) depth: u32,
    pub(super) total: BigUint,
    functions: Functions,
    globals: Globals,
    /// Of each level and node: what it contributes.
    shares: Vec<Vec<Share>>,
    /// Nodes below which numbers of repetitions depend on the copy.
    single: Vec<bool>,
}

impl<'a> Tables<'a> {
    pub(super) fn new(ses: &'a Ses, globals: Globals, depth: u32) -> Result<Self, SesError> {
        let facts = facts(ses);
        let recursive = facts.targets.values().any(|(_, recursive)| *recursive);
        let levels = if recursive { depth + 1 } else { 1 };
        let single = single(ses, &facts);
        let mut tables = Self {
            ses,
            facts,
            depth,
            total: BigUint::ZERO,
            functions: Functions::new(&ses.functions),
            globals,
            shares: Vec::new(),
            single,
        };
        let cells = u64::from(levels).saturating_mul(ses.nodes.len() as u64);
        if cells > 50_000_000 {
            return Err(SesError::TooLarge {
                what: "cells of the table of the family",
                most: 50_000_000,
            });
        }
        // The deepest level first: others are made of it.
        tables.shares = vec![Vec::new(); levels as usize];
        for level in (0..levels).rev() {
            tables.shares[level as usize] = vec![Share::default(); ses.nodes.len()];
            // What is copied on the same level may stand anywhere, so this is done until it
            // holds; without such copies once is enough.
            for _ in 0..=tables.facts.targets.len() {
                if !tables.level(level)? {
                    break;
                }
            }
        }
        tables.total = if tables.single[ses.root() as usize] {
            let mut left = SINGLE_MAX;
            tables.singly(ses.root(), 0, &Vec::new(), &mut left, 0)?.members()
        } else {
            tables.shares[0][ses.root() as usize].members()
        };
        Ok(tables)
    }

    /// One pass over all nodes of a level, from the leaves up; whether anything changed.
    fn level(&mut self, level: u32) -> Result<bool, SesError> {
        let mut changed = false;
        for id in (0..self.ses.nodes.len() as Id).rev() {
            if self.single[id as usize] {
                continue;
            }
            let share = self.share(id, level)?;
            let slot = &mut self.shares[level as usize][id as usize];
            changed |= *slot != share;
            *slot = share;
        }
        Ok(changed && self.facts.targets.values().any(|(_, recursive)| !recursive))
    }

    pub(super) fn known(&self, id: Id, level: u32) -> Share {
        let level = level.min(self.shares.len() as u32 - 1);
        self.shares[level as usize][id as usize].clone()
    }

    /// What a node contributes, from what those below do.
    fn share(&self, id: Id, level: u32) -> Result<Share, SesError> {
        let ses = self.ses;
        let node = ses.node(id);
        Ok(match &node.kind {
            Kind::Entity(_) => {
                let mut share = self.own(id, |child| Ok(self.known(child, level)))?;
                if let Some(target) = self.copied(id, level) {
                    let other = target.map_or(Share::default(), |(t, inner)| self.known(t, inner));
                    share = share.times(&other);
                }
                for child in node.children.iter().filter(|c| ses.node(**c).kind == Kind::Spec) {
                    share = share.times(&self.known(*child, level));
                }
                share
            }
            Kind::Spec => {
                let mut share = Share::default();
                for child in &node.children {
                    share.plus(&self.known(*child, level));
                }
                share
            }
            Kind::Aspect(_) => {
                let mut members = one();
                for child in &node.children {
                    members *= self.known(*child, level).members();
                    bounded(&members)?;
                }
                Share { ways: BigUint::ZERO, aspects: members, bare: BigUint::ZERO }
            }
            Kind::Multi(_, repeat) => {
                let (mut once, mut each) = (one(), one());
                for child in &node.children {
                    let members = self.known(*child, level).members();
                    let single = ses.entity(*child).is_some_and(|entity| entity.once);
                    if single { once *= members } else { each *= members }
                }
                let mut sum = BigUint::ZERO;
                let (low, high) = self.numbers(id, repeat, &Vec::new(), level)?;
                if each == one() {
                    sum += high - low + 1;
                } else {
                    for number in low..=high {
                        sum += power(&each, number)?;
                        bounded(&sum)?;
                    }
                }
                Share { ways: BigUint::ZERO, aspects: once * sum, bare: BigUint::ZERO }
            }
        })
    }

    /// The aspects of an entity itself.
    fn own(
        &self,
        id: Id,
        mut of: impl FnMut(Id) -> Result<Share, SesError>,
    ) -> Result<Share, SesError> {
        let ses = self.ses;
        let mut share = Share::one();
        for child in ses.node(id).children.iter().filter(|c| ses.node(**c).kind != Kind::Spec) {
            share.aspects += of(*child)?.aspects;
            share.bare = BigUint::ZERO;
        }
        Ok(share)
    }

    /// What a copy copies, and at which level its parts are; nothing past the depth.
    #[expect(clippy::option_option, reason = "no copy, a copy past the depth, or what it copies")]
    pub(super) fn copied(&self, id: Id, level: u32) -> Option<Option<(Id, u32)>> {
        self.ses.entity(id)?.copies.as_ref()?;
        let found = self
            .facts
            .targets
            .get(&id)
            .map(|(target, recursive)| (*target, level + u32::from(*recursive)));
        Some(found.filter(|(_, inner)| *inner <= self.depth))
    }

    /// The fewest and the most repetitions of a multi-aspect.
    pub(super) fn numbers(
        &self,
        id: Id,
        repeat: &Repeat,
        above: &Above,
        level: u32,
    ) -> Result<(u64, u64), SesError> {
        let path = || self.ses.path(id);
        match (&repeat.count, repeat.range) {
            (Some(code), _) => {
                let value = self.value(code, above, level)?;
                let number = match &value {
                    Value::Float(number) if number.fract() == 0.0 => Some(*number as i64),
                    Value::Text(text) => text.trim().parse().ok(),
                    other => other.int(),
                };
                match number.and_then(|number| u64::try_from(number).ok()) {
                    Some(number) => Ok((number, number)),
                    None => Err(SesError::Repetition {
                        path: path(),
                        name: self.ses.node(id).name.to_string(),
                        count: value.repr(),
                        least: 1,
                        most: u64::from(u32::MAX),
                    }),
                }
            }
            (None, Some((low, high))) if low <= high => Ok((low, high)),
            (None, _) => Err(SesError::NoChoice {
                path: path(),
                point: self.ses.node(id).name.to_string(),
                candidates: "any number, so the family has no size".to_owned(),
            }),
        }
    }

    fn value(&self, code: &Code, above: &Above, level: u32) -> Result<Value, SesError> {
        let pairs = above.iter().map(|(name, number)| {
            (Value::text(format!("_{name}")), Value::text(number.to_string()))
        });
        let names =
            [("PATH".into(), Value::dict(pairs)), ("LEVEL".into(), Value::Int(level.into()))];
        Machine::new(&self.functions, &self.globals).value_with(code, &names)
    }

    /// What a node contributes at one place, where numbers of repetitions depend on the place.
    pub(super) fn singly(
        &self,
        id: Id,
        level: u32,
        above: &Above,
        left: &mut u64,
        deep: u32,
    ) -> Result<Share, SesError> {
        if !self.single[id as usize] {
            return Ok(self.known(id, level));
        }
        let most = SINGLE_MAX;
        let what = "entities that are counted one by one";
        *left = left.checked_sub(1).ok_or(SesError::TooLarge { what, most })?;
        if deep > SINGLE_DEPTH {
            return Err(SesError::TooLarge {
                what: "entities in each other that differ from copy to copy",
                most: SINGLE_DEPTH.into(),
            });
        }
        let ses = self.ses;
        let node = ses.node(id);
        Ok(match &node.kind {
            Kind::Entity(_) => {
                let mut share =
                    self.own(id, |child| self.singly(child, level, above, left, deep + 1))?;
                if let Some(target) = self.copied(id, level) {
                    let other = match target {
                        Some((target, inner)) => {
                            self.singly(target, inner, above, left, deep + 1)?
                        }
                        None => Share::default(),
                    };
                    share = share.times(&other);
                }
                for child in node.children.iter().filter(|c| ses.node(**c).kind == Kind::Spec) {
                    share = share.times(&self.singly(*child, level, above, left, deep + 1)?);
                }
                share
            }
            Kind::Spec => {
                let mut share = Share::default();
                for child in &node.children {
                    share.plus(&self.singly(*child, level, above, left, deep + 1)?);
                }
                share
            }
            Kind::Aspect(_) => {
                let mut members = one();
                for child in &node.children {
                    members *= self.singly(*child, level, above, left, deep + 1)?.members();
                    bounded(&members)?;
                }
                Share { ways: BigUint::ZERO, aspects: members, bare: BigUint::ZERO }
            }
            Kind::Multi(_, repeat) => {
                let (low, high) = self.numbers(id, repeat, above, level)?;
                let mut sum = BigUint::ZERO;
                for number in low..=high {
                    let mut members = one();
                    for (child, above) in self.children(id, number, above)? {
                        members *= self.singly(child, level, &above, left, deep + 1)?.members();
                        bounded(&members)?;
                    }
                    sum += members;
                }
                Share { ways: BigUint::ZERO, aspects: sum, bare: BigUint::ZERO }
            }
        })
    }

    /// The children of a multi-aspect with so many copies, each with the numbers above it.
    pub(super) fn children(
        &self,
        id: Id,
        number: u64,
        above: &Above,
    ) -> Result<Vec<(Id, Above)>, SesError> {
        if number > SINGLE_MAX {
            return Err(SesError::TooLarge {
                what: "copies that are counted one by one",
                most: SINGLE_MAX,
            });
        }
        let mut all = Vec::new();
        for child in &self.ses.node(id).children {
            if self.ses.entity(*child).is_some_and(|entity| entity.once) {
                all.push((*child, above.clone()));
                continue;
            }
            let name = &self.ses.node(*child).name;
            for copy in 1..=number {
                let mut above = above.clone();
                above.push((Arc::clone(name), copy));
                all.push((*child, above));
            }
        }
        Ok(all)
    }

    /// What a node contributes at one place.
    pub(super) fn at(&self, id: Id, level: u32, above: &Above) -> Result<Share, SesError> {
        let mut left = SINGLE_MAX;
        self.singly(id, level, above, &mut left, 0)
    }
}

/// Nodes below which a number of repetitions depends on the copy.
fn single(ses: &Ses, facts: &Facts) -> Vec<bool> {
    let mut single = vec![false; ses.nodes.len()];
    let mut copies: HashMap<Id, Vec<Id>> = HashMap::new();
    for (copy, (target, _)) in &facts.targets {
        copies.entry(*target).or_default().push(*copy);
    }
    let depends = |id: &Id| match &ses.node(*id).kind {
        Kind::Multi(_, repeat) => repeat.count.as_ref().is_some_and(|code| code.mentions("PATH")),
        Kind::Entity(_) | Kind::Aspect(_) | Kind::Spec => false,
    };
    let mut open: Vec<Id> = (0..ses.nodes.len() as Id).filter(depends).collect();
    while let Some(id) = open.pop() {
        if std::mem::replace(&mut single[id as usize], true) {
            continue;
        }
        open.extend(ses.node(id).parent);
        open.extend(copies.get(&id).into_iter().flatten());
    }
    single
}

fn bounded(number: &BigUint) -> Result<(), SesError> {
    if number.bits() > BITS_MAX {
        return Err(SesError::TooLarge { what: BITS, most: BITS_MAX });
    }
    Ok(())
}

fn power(base: &BigUint, exponent: u64) -> Result<BigUint, SesError> {
    if *base <= one() {
        return Ok(if exponent == 0 { one() } else { base.clone() });
    }
    if (base.bits() - 1).saturating_mul(exponent) > BITS_MAX {
        return Err(SesError::TooLarge { what: BITS, most: BITS_MAX });
    }
    Ok(base.pow(exponent as u32))
}
