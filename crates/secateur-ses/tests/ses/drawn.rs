//! Structures drawn at random.

use std::fmt::Write as _;

use secateur_core::Random;

/// A structure as a text: unique names, rules over variables, the level and the number of the
/// copy, open decisions, constraints, copies of itself.
pub(crate) fn structure(seed: u64) -> String {
    let mut random = Random::new(seed);
    let mut text = format!("ses drawn\nvariable a = {}\nvariable b = 2\n", random.below(3));
    let mut draw =
        Draw { random, names: 0, budget: 24, alternatives: Vec::new(), text: String::new() };
    draw.entity("root", 0, "");
    let Draw { mut random, alternatives, text: body, .. } = draw;
    if alternatives.len() > 2 {
        for _ in 0..random.below(3) {
            let from = &alternatives[random.below(alternatives.len())];
            let to = &alternatives[random.below(alternatives.len())];
            let word = if random.below(2) == 0 { "requires" } else { "excludes" };
            if from.0 != to.0 {
                let _ = writeln!(text, "constraint {} {word} {}", from.1, to.1);
            }
        }
    }
    text + &body
}

struct Draw {
    random: Random,
    names: u32,
    budget: i32,
    /// Children of specializations: number of the specialization, name.
    alternatives: Vec<(u32, String)>,
    text: String,
}

impl Draw {
    fn name(&mut self, kind: &str) -> String {
        self.names += 1;
        format!("{kind}{}", self.names)
    }

    fn rule(&mut self) -> String {
        match self.random.below(8) {
            0 => " when a == 0".into(),
            1 => " when a > 0".into(),
            2 => " when b == 2".into(),
            3 => " when LEVEL == 0".into(),
            _ => String::new(),
        }
    }

    fn entity(&mut self, name: &str, depth: u32, head: &str) {
        self.budget -= 1;
        let _ = writeln!(self.text, "entity {name}{head} {{ v_{name} = a + {depth}");
        if depth < 4 && self.budget > 0 {
            for _ in 0..self.random.below(3) {
                self.spec(depth);
            }
            if self.random.below(3) > 0 {
                self.aspect(depth);
            }
        }
        self.text.push_str("}\n");
    }

    fn spec(&mut self, depth: u32) {
        let spec = self.name("s");
        let number = self.names;
        let _ = writeln!(self.text, "specialization {spec} {{");
        let children = 2 + self.random.below(2);
        for at in 0..children {
            let child = self.name("c");
            self.alternatives.push((number, child.clone()));
            let rule = self.rule();
            if at > 0 && self.random.below(6) == 0 {
                let _ = writeln!(self.text, "entity {child} ref root{rule}");
            } else {
                self.entity(&child, depth + 1, &rule);
            }
        }
        self.text.push_str("}\n");
    }

    fn aspect(&mut self, depth: u32) {
        let name = self.name("d");
        let many = self.random.below(3) == 0;
        if many {
            let count = ["2", "a + 1", "b"][self.random.below(3)];
            let _ = writeln!(self.text, "multi {name}MASP [{count}] {{");
        } else {
            let _ = writeln!(self.text, "aspect {name}DEC {{");
        }
        let children = if many { 1 } else { 1 + self.random.below(2) };
        let mut names = Vec::new();
        for _ in 0..children {
            let child = self.name("e");
            self.entity(&child, depth + 1, "");
            names.push(child);
        }
        let _ = writeln!(self.text, "couple PARENT.in -> {}.in", names[0]);
        if children > 1 {
            let _ = writeln!(self.text, "couple {}.out -> {}.in", names[0], names[1]);
        }
        let _ = writeln!(self.text, "couple {}.out -> PARENT.out", names[children - 1]);
        self.text.push_str("}\n");
    }
}
