//! Which sets of instructions the tests here run with.

use std::io::{Write, stderr};

use wick_kernels::Tier;

/// Tests that go through all tiers pass over those that the CPU lacks: `npm test` shows which.
#[test]
fn says_which_tiers_are_tested() {
    let named = |is_tested: bool| {
        let tiers = Tier::ALL.iter().filter(|tier| Tier::available().any(|available| available == **tier) == is_tested);
        tiers.map(|tier| tier.name()).collect::<Vec<_>>()
    };
    let (tested, skipped) = (named(true), named(false));
    assert!(tested.contains(&Tier::Portable.name()) && tested.contains(&Tier::detect().name()));
    assert_eq!(tested.len() + skipped.len(), Tier::ALL.len());
    let (architecture, tested) = (std::env::consts::ARCH, tested.join(", "));
    let skipped = match &*skipped.join(", ") {
        "" => String::new(),
        skipped => format!("; skipped, for this CPU lacks them: {skipped}"),
    };
    // Not by a macro, whose output a test that passes keeps.
    let _ = writeln!(stderr(), "Tiers of {architecture} tested: {tested}{skipped}.");
}
