import DVLAJSON
import DVLATestSupport
import Testing

/// Files that a person writes and names on the command line.
struct UserDocumentTests {
  /// The limit of the page "Limits" for each of them.
  @Test func theyAreTakenUpToFourMebibytes() throws {
    let scratch = try ScratchFolder()
    let source = FixtureFolder.path("checkpoints/dinov2/hf")
    let golden = FixtureFolder.path("goldens/dinov2_28x70.safetensors")
    let manifest = """
      {"schema": 1, "family": "dinov2", "naming": "mine", "about": "a",
       "rules": [{"from": "enc.**", "to": "dinov2.**"}]}
      """
    let uses: [(name: String, text: String, arguments: [String])] = [
      ("manifest.json", manifest, ["inspect", source, "--manifest"]),
      (
        "recipe.json", #"{"schema": 1, "rules": [{"match": "**", "precision": "bf16"}]}"#,
        ["convert", "--dinov2", source, "-o", "b", "--recipe"]
      ),
      (
        "tolerances.json",
        String(
          decoding: try FixtureFolder.bytes("../Manifests/tolerances.json"), as: UTF8.self),
        ["parity", source, "--golden", golden, "--tolerances"]
      ),
    ]
    for use in uses {
      for (size, status) in [(4 << 20, 0), (4 << 20 | 1, 65)] as [(Int, Int32)] {
        let space = String(repeating: " ", count: size - use.text.utf8.count)
        try scratch.write(use.text + space, to: use.name)
        let result = try depthvla(use.arguments + [use.name], in: scratch.path)
        #expect(result.status == status, "\(result.error)")
        if status != 0 {
          #expect(
            result.errorLines == [
              "depthvla: \(use.name): has 4194305 bytes; at most 4194304 are read"
            ])
        }
      }
    }
  }

  /// A name that is misspelt leaves a model as large as it was.
  @Test func rulesThatDecideNothingAreNoted() throws {
    let scratch = try ScratchFolder()
    try scratch.write(
      """
      {"schema": 1, "rules": [
        {"match": "dinov2.encoder.layers.**", "rank": 2, "precision": "int8"},
        {"match": "dinov2.**", "precision": "bf16"},
        {"match": "dinov2.layernorm.bias", "precision": "f32"}
      ]}
      """, to: "recipe.json")
    let convert = [
      "convert", "--dinov2", FixtureFolder.path("checkpoints/dinov2/hf"), "--dry-run",
    ]
    let words = try depthvla(convert + ["--recipe", scratch("recipe.json")])
    #expect(words.status == 0, "\(words.error)")
    let notes = words.output.split(separator: "\n").filter { $0.contains("recipe rule") }
    #expect(
      notes == [
        "  note: recipe rule 0, \"dinov2.encoder.layers.**\", has no effect on this model",
        "  note: recipe rule 2, \"dinov2.layernorm.bias\", has no effect on this model",
      ])
    let document = try depthvla(convert + ["--recipe", scratch("recipe.json"), "--json"])
    #expect(
      document.json?["idle_rules"] == [
        "0, \"dinov2.encoder.layers.**\"", "2, \"dinov2.layernorm.bias\"",
      ])
    #expect(try depthvla(convert + ["--precision", "int8", "--json"]).json?["idle_rules"] == [])
  }
}
