import DVLATestSupport

extension HostileCase {
  /// F: `policy_preprocessor.json` of a pi0 of lerobot.
  static let pipelines: [HostileCase] = {
    var list = CaseList(.pipeline)
    @Sendable func pipeline(_ steps: String...) -> String {
      #"{"name": "policy_preprocessor", "steps": [\#(steps.joined(separator: ", "))]}"#
    }
    @Sendable func step(_ name: String, _ config: String = "{}") -> String {
      #"{"registry_name": "\#(name)", "config": \#(config)}"#
    }
    let map = #""norm_map": {"STATE": "MEAN_STD", "ACTION": "MEAN_STD"}"#
    let normalizer = step("normalizer_processor", "{\(map)}")
    let tokenizer = step("tokenizer_processor", #"{"max_length": 48, "task_key": "task"}"#)
    let newline = step("pi0_new_line_processor")
    for (group, what, code, text) in [
      ("F0", "no steps", nil, pipeline()),
      ("F0", "a sound pipeline", nil, pipeline(newline, tokenizer, normalizer)),
      ("F0", "nothing", "json.truncated", ""),
      ("F0", "an array as the document", "json.type", "[]"),
      ("F0", "an object without steps", "json.missing-key", "{}"),
      ("F0", "a step that is text", "json.type", pipeline("\"normalizer_processor\"")),
      ("F0", "a step without a name", "json.missing-key", pipeline("{}")),
      (
        "F1", "a step of somebody's own", "processing.step",
        pipeline(step("my_processor"), normalizer)
      ),
      (
        "F1", "a step of somebody's own that says no", nil,
        pipeline(step("my_processor", #"{"enabled": false}"#), normalizer)
      ),
      (
        "F1", "a step by the class of somebody else", "processing.step",
        pipeline(#"{"class": "os.system", "config": {"command": "true"}}"#)
      ),
      (
        "F1", "a step of the other pipeline", "processing.step",
        pipeline(step("unnormalizer_processor", "{\(map)}"))
      ),
      (
        "F1", "a setting that no version has", "processing.step",
        pipeline(step("normalizer_processor", #"{\#(map), "clip": 5}"#))
      ),
      (
        "F1", "another epsilon", "processing.step",
        pipeline(step("normalizer_processor", #"{\#(map), "eps": 0.001}"#))
      ),
      (
        "F1", "pictures normalised by statistics", "processing.step",
        pipeline(step("normalizer_processor", #"{"norm_map": {"VISUAL": "MEAN_STD"}}"#))
      ),
      (
        "F1", "a mode of nobody", "statistics.method",
        pipeline(step("normalizer_processor", #"{"norm_map": {"STATE": "MAX_ABS"}}"#))
      ),
      (
        "F1", "cameras that change places", "processing.step",
        pipeline(
          step("rename_observations_processor", #"{"rename_map": {"a": "b", "b": "a"}}"#))
      ),
      (
        "F1", "two cameras that become one", "processing.step",
        pipeline(
          step("rename_observations_processor", #"{"rename_map": {"a": "c", "b": "c"}}"#))
      ),
      (
        "F1", "a state that is called otherwise", "processing.step",
        pipeline(
          step("rename_observations_processor", #"{"rename_map": {"observation.state": "b"}}"#))
      ),
      (
        "F1", "half precision", "processing.step",
        pipeline(step("device_processor", #"{"device": "cpu", "float_dtype": "float16"}"#))
      ),
      (
        "F1", "enabled as text", "processing.step",
        pipeline(step("relative_actions_processor", #"{"enabled": "false"}"#))
      ),
      (
        "F1", "joints as one text", "json.type",
        pipeline(
          step("relative_actions_processor", #"{"enabled": true, "exclude_joints": "grip"}"#))
      ),
      (
        "F1", "a tokenizer of another model", "processing.step",
        pipeline(newline, step("tokenizer_processor", #"{"tokenizer_name": "bert-base"}"#))
      ),
      (
        "F1", "prompts from another place", "processing.step",
        pipeline(newline, step("tokenizer_processor", #"{"task_key": "goal"}"#))
      ),
      (
        "F1", "the newline behind the tokens", "processing.order",
        pipeline(tokenizer, newline, normalizer)
      ),
      (
        "F1", "states that are normalised twice", "processing.order",
        pipeline(normalizer, normalizer)
      ),
      (
        "F1", "offsets of normalised states", "processing.order",
        pipeline(normalizer, step("relative_actions_processor", #"{"enabled": true}"#))
      ),
      (
        "F1", "names that change behind what goes by them", "processing.order",
        pipeline(normalizer, step("rename_observations_processor", #"{"rename_map": {"a": "b"}}"#))
      ),
      (
        "F1", "a state of a step that has none", "processing.step",
        pipeline(
          #"{"registry_name": "device_processor", "config": {}, "state_file": "x.safetensors"}"#)
      ),
      (
        "A5", "10 000 steps", "json.too-many-objects",
        pipeline(
          [String](repeating: step("device_processor"), count: 10_000).joined(separator: ","))
      ),
      (
        "A5", "65 steps", "processing.step",
        pipeline([String](repeating: step("device_processor"), count: 65).joined(separator: ","))
      ),
      (
        "A5", "5000 names of joints", "processing.step",
        pipeline(
          step(
            "relative_actions_processor",
            #"{"action_names": [\#([String](repeating: "\"a\"", count: 5000).joined(separator: ","))]}"#
          ))
      ),
    ] as [(String, String, String?, String)] {
      list.add(group, what, code, text: text)
    }
    return list.cases
  }()
}
