//! Replays the seeds of the fuzz targets, and what fuzzing has found.

use std::path::Path;

use secateur_attacks::doors::DOORS;

#[test]
fn every_seed_passes_its_door() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus");
    for (name, door) in DOORS {
        let folder = corpus.join(name);
        let mut seeds: Vec<_> =
            std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        seeds.sort();
        assert!(seeds.len() >= 5, "{}", folder.display());
        for seed in seeds {
            let bytes = std::fs::read(&seed).unwrap();
            let outcome = std::panic::catch_unwind(|| door(&bytes));
            assert!(outcome.is_ok(), "{}", seed.display());
        }
    }
}
