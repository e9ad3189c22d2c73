//! What the engine tells of its steps.

mod fake;
mod world;

use serde_json::json;
use world::World;

#[test]
fn steps_are_traced() {
    let world = World::new();
    let model = world.load();
    let tickets = [world.chat(model, &json!({"ignoreEos": true})), world.chat(model, &json!({"maxTokens": 3}))];
    for ticket in tickets {
        world.all(ticket);
    }
    let trace = |command: &str| world.call(&json!({"kind": command, "model": model}))["value"].clone();
    let steps = trace("trace");
    let steps = steps.as_array().unwrap();
    assert_eq!(steps[0]["step"], 1);
    assert!(steps.iter().any(|step| step["sequences"] == 2 && step["sampled"] == 2), "two at once");
    let sum = |name: &str| steps.iter().map(|step| step[name].as_u64().unwrap()).sum::<u64>();
    // Of the second prompt all but the last of 9 rows were there before.
    assert_eq!((sum("sampled"), sum("promptRows")), (60 + 3, 9));
    assert_eq!(sum("rows"), 9 + 59 + 1 + 2);
    assert_eq!(trace("trace"), json!([]), "each is told once");
}
