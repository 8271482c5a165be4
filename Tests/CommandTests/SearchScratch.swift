import DVLAJSON
import DVLATestSupport
import Foundation
import Testing

/// A trained policy, some observations of it, and budgets for searches.
struct SearchScratch {
  let scratch: ScratchFolder
  static let checkpoint = FixtureFolder.path("trained/depthvla")

  /// What a search writes, in the order of its entries.
  static let outputs = ["b.calibration.safetensors", "b.dvla.safetensors", "b.recipe.json"]
  /// In the order in which they get their names.
  static let inOrder = ["b.calibration.safetensors", "b.recipe.json", "b.dvla.safetensors"]
  /// 8 bits everywhere exceed it.
  static let tight = budget(
    #"{"measure": "action.rms_of_std", "statistic": "mean", "at_most": 0.0012}"#)
  /// The smallest precisions keep it, on any processor.
  static let loose = budget(#"{"measure": "action.rms_of_std", "statistic": "mean", "at_most": 1}"#)

  static func budget(_ limit: String) -> String {
    #"{"schema": 1, "observations": {"at_least": 1}, "limits": [\#(limit)]}"#
  }

  /// Makes the folder `observations` of the first `count`, and `budget.json`.
  init(count: Int = 2, budget: String = Self.tight) throws {
    scratch = try ScratchFolder()
    try scratch.makeFolder("observations")
    let folder = "trained/observations/"
    let text = String(
      decoding: try FixtureFolder.bytes(folder + "observations.json"), as: UTF8.self)
    let index = try #require(StrictJSON.parse(text).object)
    let entries = try #require(index["observations"]?.array).prefix(count)
    for entry in entries {
      let name = try #require(entry.object?["file"]?.string)
      try scratch.write(try FixtureFolder.bytes(folder + name), to: "observations/" + name)
    }
    let members = index.members.map { key, value in
      (key, key == "observations" ? .array(Array(entries)) : value)
    }
    try scratch.write(
      JSONValue.object(JSONObject(members)).encoded(), to: "observations/observations.json")
    try scratch.write(budget, to: "budget.json")
  }

  /// Products are exact: elsewhere they are rounded as the processor does it.
  var arguments: [String] {
    [
      "convert", "--depthvla", Self.checkpoint, "--budget", scratch("budget.json"),
      "--observations", scratch("observations"), "--products", "exact", "-o",
      scratch("b.dvla.safetensors"),
    ]
  }

  func search(_ options: [String] = []) throws -> Outcome {
    try depthvla(arguments + options, in: scratch.path)
  }

  var outputs: [[UInt8]] {
    get throws { try Self.outputs.map { try scratch.bytes(of: $0) } }
  }

  /// Of the files that a search needs, beside which it leaves what it writes.
  static let inputs = ["budget.json", "observations"]
}
