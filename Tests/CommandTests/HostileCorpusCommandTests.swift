import DVLAHostileCorpus
import DVLATestSupport
import Foundation
import Testing

/// The first case of each class at each door, given to the command: an exit status, one line that
/// names the file, and everything as it was.
@Suite struct HostileCorpusCommandTests {
  // No command takes a message: a server does.
  static let doors: [HostileCase.Door] = HostileCase.Door.allCases.filter { $0 != .message }

  @Test(arguments: doors)
  func isRefusedOnOneLine(door: HostileCase.Door) throws {
    let scratch = try ScratchFolder()
    var groups: Set<String> = []
    let sample = HostileCase.all.filter {
      $0.door == door && $0.code != nil && groups.insert($0.group).inserted
    }
    #expect(!sample.isEmpty)
    for (number, hostile) in sample.enumerated() {
      let name = "in\(number)"
      let path: String
      let parts: [HostileCase.Door: (checkpoint: String, part: String)] = [
        .config: ("dinov2/hf", "config.json"), .model: ("dinov2/hf", "model.safetensors"),
        .pipeline: ("pi0/lerobot-2025-10", "policy_preprocessor.json"),
      ]
      if let (checkpoint, part) = parts[door] {
        path = try scratch.copy(checkpoint, to: name)
        try hostile.write(to: scratch, as: name + "/" + part)
      } else {
        path = try hostile.write(to: scratch, as: name)
      }
      let before = try names(in: scratch.path)
      let result = try depthvla(arguments(door, path), in: scratch.path)
      // 66: a folder without what a checkpoint needs, or an index whose shards are not there.
      // 64: a question that only the user can answer.
      let isQuestion = ["remap.ambiguous", "checkpoint.steps"].contains(hostile.code)
      let statuses: [Int32] = isQuestion ? [64] : [65, 66]
      #expect(statuses.contains(result.status), "\(hostile): \(result.status) \(result.error)")
      // Below the line, each tensor that is like it.
      let more = result.errorLines.dropFirst()
      #expect(more.allSatisfy { $0.hasPrefix("  ") }, "\(hostile): \(result.error)")
      #expect(result.error.contains(path), "\(hostile): \(result.error)")
      // Verify lists what is damaged in a bundle that opens.
      #expect(result.output == "" || door == .bundle, "\(hostile): \(result.output)")
      #expect(try names(in: scratch.path) == before, "\(hostile)")
    }
  }

  /// A call that would do its work, were the file at `path` sound.
  private func arguments(_ door: HostileCase.Door, _ path: String) throws -> [String] {
    let source = FixtureFolder.path("checkpoints/dinov2/hf")
    let golden = FixtureFolder.path("goldens/dinov2_28x70.safetensors")
    switch door {
    case .safetensors, .folder: return ["inspect", path]
    case .config, .model: return ["convert", "--dinov2", path, "-o", "out"]
    case .pipeline:
      return ["convert", "--pi0", path, "-o", "out"]
        + FixtureCheckpoint("pi0/lerobot-2025-10").settings.flatMap {
          ["--set", "\($0.key)=\($0.value)"]
        }
    case .manifest: return ["inspect", source, "--manifest", path]
    case .recipe: return ["convert", "--dinov2", source, "--recipe", path, "-o", "out"]
    case .golden: return ["parity", try Self.dinov2.get()("b"), "--golden", path]
    case .tolerances:
      return ["parity", try Self.dinov2.get()("b"), "--golden", golden, "--tolerances", path]
    case .bundle: return ["verify", path]
    case .preprocessor: return ["convert", "--dinov2", source, "--preprocessor", path, "-o", "out"]
    case .signature:
      return [
        "verify", try Self.dinov2.get()("b"), "--public-key",
        FixtureFolder.path("signing/p256.pub.pem"), "--signature", path,
      ]
    case .budget, .gate:
      return [
        "verify", try Self.dinov2.get()("b"), "--require-gate",
        FixtureFolder.path("signing/ed25519.pub.pem"), door == .gate ? "--gate" : "--gate-budget",
        path,
      ]
    case .calibration:
      let recipe = try Self.dinov2.get().write(
        #"{"schema": 1, "rules": [{"match": "**", "precision": "int8"}]}"#, to: "recipe.json")
      return [
        "convert", "--dinov2", source, "--recipe", recipe, "--calibration", path, "-o", "out",
      ]
    case .message: return []
    case .image: return try run(replacing: "--image", by: path)
    case .npy: return try run(replacing: "--state", by: path)
    case .statistics: return try run([]) + ["--statistics", path]
    case .tokenizerJSON, .tokenizerModel: return try run([]) + ["--tokenizer", path]
    }
  }

  private func run(_ options: [String]) throws -> [String] {
    try Self.policy.get().arguments + options
  }

  private func run(replacing option: String, by path: String) throws -> [String] {
    var arguments = try run([])
    let place = try #require(arguments.firstIndex(of: option))
    arguments[place + 1] = path
    return arguments
  }

  private func names(in folder: String) throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: folder).sorted()
  }

  // Made once: a bundle takes longer than any case.
  private static let policy = Result { try PolicyScratch(try #require(PolicyCase.all.first)) }
  private static let dinov2 = Result {
    let scratch = try ScratchFolder()
    let source = FixtureFolder.path("checkpoints/dinov2/hf")
    let result = try depthvla("convert", "--dinov2", source, "-o", scratch("b"))
    try #require(result.status == 0, "\(result.error)")
    return scratch
  }
}
