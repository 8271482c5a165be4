import DVLADiagnostics
import DVLAHostileCorpus
import DVLAJSON
import DVLANumPyMessages
import DVLARobots
import DVLATestSupport
import Foundation
import Testing

/// What once ended a run of the fuzzer, or would have: `Fuzzing/crashes/TARGET-…`.
struct CrashReplayTests {
  private static let folder = FixtureFolder.path("../Fuzzing/crashes")

  @Test func noCrashComesBack() throws {
    let scratch = try ScratchFolder()
    let names = try ScratchFolder.names(in: Self.folder)
    #expect(!names.isEmpty)
    for name in names {
      let bytes = [UInt8](try Data(contentsOf: URL(filePath: Self.folder + "/" + name)))
      let error = refusal { () throws(WeightsError) in
        try Self.replay(name, bytes, in: scratch)
      }
      #expect(error?.code.rawValue.hasPrefix("test.") != true, "\(error?.description ?? "")")
    }
  }

  private static func replay(
    _ name: String, _ bytes: [UInt8], in scratch: ScratchFolder
  ) throws(WeightsError) {
    func write(_ bytes: [UInt8], to name: String) throws(WeightsError) -> String {
      do { return try scratch.write(bytes, to: name) } catch {
        throw WeightsError("test.write", "\(error)")
      }
    }
    let door = HostileCase.Door.allCases.first { name.hasPrefix($0.rawValue + "-") }
    switch door {
    case .config?:
      do { try scratch.copy("dinov2/hf", to: name) } catch {
        throw WeightsError("test.write", "\(error)")
      }
      _ = try write(bytes, to: name + "/config.json")
      try HostileCase.Door.config.open(scratch(name))
    case let door?: try door.open(write(bytes, to: name))
    case nil where name.hasPrefix("header-"):
      try HostileCase.Door.safetensors.open(write(bytes, to: name))
    case nil where name.hasPrefix("json-"): _ = try StrictJSON.parse(bytes)
    case nil where name.hasPrefix("observation-"):
      guard case .map(let map) = try NumPyMessage.decode(bytes) else { return }
      for name in Robot.presetNames {
        guard let robot = try? Robot.preset(name) else { continue }
        _ = try? robot.observation(map)
      }
    case nil where name.hasPrefix("index-"):
      do { try scratch.makeFolder(name) } catch { throw WeightsError("test.write", "\(error)") }
      _ = try write(bytes, to: name + "/model.safetensors.index.json")
      try HostileCase.Door.folder.open(scratch(name))
    case nil where name.hasPrefix("chunk-"):
      guard let bundle = try? OpenedBundle(fuzzedChunk: bytes) else { return }
      try HostileCase.Door.bundle.open(write(bundle.bytes(), to: name))
    case nil: throw WeightsError("test.name", "\(name) names no target of the fuzzer")
    }
  }
}
