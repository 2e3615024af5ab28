//! Networks whose days are worked out by hand.

use super::{arrivals, refused, rows, summary};

/// Rows `time value` of what a component sends at a port; the value without the id of the job.
fn kinds(lines: &str, until: f64, component: &str, port: &str) -> Vec<(f64, u32)> {
    let rows = rows(lines, until, &[&format!(",{component},send,{port},")]);
    let pairs = rows.iter().map(|row| {
        let (time, kind) = (row.split(',').next().unwrap(), row.rsplit(' ').next().unwrap());
        (time.parse().unwrap(), kind.parse().unwrap())
    });
    pairs.collect()
}

/// Thinks 1, is served in 2.
#[test]
fn a_client_waits_for_its_answer_before_it_thinks() {
    let lines = "
        a: client remote=0 think=1
        node: gateway
        desk: server time=2
        end: sink
        a.out -> node.up
        node.serve -> desk.in
        desk.out -> node.reply
        node.down -> a.in
        a.done -> end.in";
    assert_eq!(arrivals(lines, 10.0), [3.0, 6.0, 9.0]);
    assert_eq!(summary(lines, 10.0).lead_time_mean, Some(2.0));
    let phases = rows(lines, 4.5, &["a,phase"]);
    let expect = [(0, "idle"), (1, "waiting"), (3, "idle"), (4, "waiting")];
    assert_eq!(phases, expect.map(|(time, phase)| format!("{time},a,phase,,{phase}")));
    // What stays at home stays off the line, but a hub repeats it.
    assert_eq!(kinds(lines, 10.0, "node", "uplink"), []);
    let hub = lines.replace("gateway", "hub");
    assert_eq!(arrivals(&hub, 10.0), [3.0, 6.0, 9.0]);
    assert_eq!(kinds(&hub, 5.0, "node", "uplink"), [(1.0, 1), (3.0, 0), (4.0, 1)]);
}

/// One desk for two: a asks at 1, b at 2 and waits until 3; each hears the other's answers.
#[test]
fn clients_of_a_site_take_only_their_own_answers() {
    let lines = "
        a: client remote=0 think=1
        b: client remote=0 think=2
        node: hub
        desk: server time=2
        a.out -> node.up
        b.out -> node.up
        node.serve -> desk.in
        desk.out -> node.reply
        node.down -> a.in
        node.down -> b.in";
    let times = |name| kinds(lines, 12.0, name, "done").into_iter().map(|(time, _)| time);
    assert_eq!(times("a").collect::<Vec<_>>(), [3.0, 7.0, 11.0]);
    assert_eq!(times("b").collect::<Vec<_>>(), [5.0, 9.0]);
}

/// From site 1 to site 2 and back over four nodes of 0.5 each; site 3 hears all that is said.
fn sites(node: &str) -> String {
    format!(
        "
        a: client site=1 sites=2 remote=1 think=1
        one: {node} site=1 time=0.5
        two: {node} site=2 time=0.5
        three: {node} site=3 time=0.5
        desk: server time=2
        end: sink
        a.out -> one.up
        one.uplink -> two.uplink
        one.uplink -> three.uplink
        two.uplink -> one.uplink
        two.uplink -> three.uplink
        two.serve -> desk.in
        desk.out -> two.reply
        one.down -> a.in
        a.done -> end.in"
    )
}

#[test]
fn a_request_goes_to_its_site_and_its_answer_back() {
    for node in ["gateway", "hub"] {
        let lines = sites(node);
        assert_eq!(arrivals(&lines, 12.0), [5.0, 10.0], "{node}");
        assert_eq!(kinds(&lines, 5.5, "one", "uplink"), [(1.5, 2)], "{node}");
        assert_eq!(kinds(&lines, 5.5, "two", "serve"), [(2.0, 2)], "{node}");
        assert_eq!(kinds(&lines, 5.5, "two", "uplink"), [(4.5, 0)], "{node}");
        assert_eq!(kinds(&lines, 5.5, "one", "serve"), [], "{node}");
        assert_eq!(kinds(&lines, 5.5, "three", "serve"), [], "{node}");
    }
}

#[test]
fn gateways_keep_out_what_hubs_bring_in() {
    assert_eq!(kinds(&sites("gateway"), 5.5, "three", "down"), []);
    assert_eq!(kinds(&sites("hub"), 5.5, "three", "down"), [(5.0, 0)]);
    assert_eq!(kinds(&sites("gateway"), 5.5, "two", "down"), []);
    assert_eq!(kinds(&sites("hub"), 5.5, "two", "down"), [(4.5, 0)]);
}

/// Jobs at 1 and at 2 at a node that takes 3 for each.
#[test]
fn a_node_works_on_one_job_after_the_other() {
    let lines = "
        source: generator interarrival=1 limit=2
        node: gateway time=3
        end: sink
        source.out -> node.up
        node.uplink -> end.in";
    assert_eq!(arrivals(lines, 20.0), [4.0, 7.0]);
    assert_eq!(summary(lines, 20.0).components[1].jobs_max, 2);
}

/// Site 2 of 5: a job every unit of time, half of them to the four others.
#[test]
fn requests_have_their_share_of_other_sites() {
    let lines = |remote: &str| {
        format!(
            "
        a: client site=2 sites=5 think=1 remote={remote}
        node: gateway site=2
        a.out -> node.reply
        node.down -> a.in"
        )
    };
    let counts = |remote: &str| {
        let asked = kinds(&lines(remote), 4000.5, "a", "out");
        assert_eq!(asked.len(), 4000);
        let mut counts = [0; 5];
        for (_, site) in asked {
            counts[site as usize - 1] += 1;
        }
        counts
    };
    assert_eq!(counts("0"), [0, 4000, 0, 0, 0]);
    assert_eq!(counts("1")[1], 0);
    let [first, own, rest @ ..] = counts("0.5");
    // Four standard deviations of a binomial number.
    assert!((2000_i32 - own).abs() < 130, "{own}");
    for other in [first].iter().chain(&rest) {
        assert!((500_i32 - other).abs() < 85, "{other}");
    }
}

#[test]
fn a_site_is_one_of_the_sites() {
    refused(
        "a: client site=3 sites=2",
        "a: parameter `site` cannot be `3`: at most 2, the number of sites",
        "change the variable of the entity",
    );
}
