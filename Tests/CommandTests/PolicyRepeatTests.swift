import DVLAJSON
import DVLATestSupport
import Testing

/// The same run gives the same bits, however it is computed.
struct PolicyRepeatTests {
  private static let ways: [[String]] = [
    [], ["--load-first"], ["--uncached"], ["--load-first", "--uncached"],
  ]

  /// The chunk's file, and the depth's where there is any.
  private func files(
    _ bundle: PolicyScratch, _ seed: [String], _ options: [String]
  ) throws -> [[UInt8]] {
    let outputs = bundle.policy.hasDepth ? ["--raw", bundle("raw")] : []
    let result = try depthvla(
      bundle.arguments + seed + outputs + ["--actions", bundle("chunk.json"), "--force"] + options)
    try #require(result.status == 0, "\(result.error)")
    let depth = bundle.policy.hasDepth ? try bundle.scratch.bytes(of: "raw") : []
    return [try bundle.scratch.bytes(of: "chunk.json"), depth]
  }

  /// Cases whose noise is drawn, of every kind of model and mask.
  @Test(
    arguments: [
      ("seed", []), ("seed", ["--mask", "full"]), ("no-depth", []), ("pi0-quantile", []),
    ] as [(String, [String])])
  func threadsAndLoadingChangeNoBit(name: String, options: [String]) throws {
    let bundle = try PolicyScratch(name)
    let first = try files(bundle, [], options)
    #expect(first[0].count > 1000)
    for threads in ["1", "2", "3"] {
      for way in Self.ways {
        let again = try files(bundle, [], options + way + ["--threads", threads])
        #expect(again == first, "\(threads) threads \(way)")
      }
    }
  }

  @Test func theSeedDecidesAndIsZeroByItself() throws {
    let bundle = try PolicyScratch("one-camera")
    var arguments = bundle.arguments
    let noise = try #require(arguments.firstIndex(of: "--noise"))
    arguments.removeSubrange(noise...noise + 1)
    var chunks: [String: JSONValue] = [:]
    for seed in ["", "0", "1", "18446744073709551615"] {
      let result = try depthvla(arguments + (seed.isEmpty ? [] : ["--seed", seed]) + ["--json"])
      #expect(result.status == 0, "\(result.error)")
      #expect(result.json?["noise"] == ["seed": .string(seed.isEmpty ? "0" : seed)])
      chunks[seed] = result.json?["actions"]
    }
    #expect(chunks[""] == chunks["0"] && chunks["0"] != nil)
    #expect(chunks["0"] != chunks["1"])
    #expect(chunks["1"] != chunks["18446744073709551615"])
  }

  /// Each of them is something that the numbers depend on.
  @Test(arguments: [["--steps", "3"], ["--mask", "full"], ["--no-depth"]])
  func optionsOfTheSamplingReachTheModel(_ options: [String]) throws {
    let bundle = try PolicyScratch("one-camera")
    let before = try bundle.run("--json")
    let after = try depthvla(bundle.arguments + options + ["--json"])
    #expect(after.status == 0, "\(after.error)")
    let actions = before.json?["actions"]
    #expect(actions != nil && after.json?["actions"] != actions)
    #expect(after.json?["steps"] == (options[0] == "--steps" ? 3 : 10))
    #expect(after.json?["mask"]?.string == (options[0] == "--mask" ? "full" : "block"))
    #expect(before.json?["steps"] == 10 && before.json?["mask"] == "block")
  }
}
