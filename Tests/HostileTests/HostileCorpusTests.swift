import DVLADiagnostics
import DVLAHostileCorpus
import DVLARemapping
import DVLASafetensors
import DVLATestSupport
import Foundation
import Testing

/// Every case of the corpus, given to the library.
struct HostileCorpusTests {
  @Test(arguments: HostileCase.Door.allCases)
  func comesToWhatTheCorpusSays(door: HostileCase.Door) throws {
    let scratch = try ScratchFolder()
    let cases = HostileCase.all.filter { $0.door == door }
    #expect(cases.count >= 16, "\(door.rawValue)")
    for (number, hostile) in cases.enumerated() {
      let path = try place(hostile, number, in: scratch)
      let before = try names(in: scratch.path)
      let error = refusal { () throws(WeightsError) in try door.open(path) }
      #expect(error?.code.rawValue == hostile.code, "\(hostile): \(error?.description ?? "taken")")
      if let error {
        #expect(!error.description.utf8.contains { $0 < 0x20 || $0 == 0x7F }, "\(hostile)")
        #expect(error.description.utf8.count < 4000, "\(hostile)")
        // What only the user can say of a sound checkpoint is a question.
        let isQuestion = [.remapAmbiguous, .checkpointSteps].contains(error.code)
        #expect(
          error.kind == .malformed || error.kind == .notFound
            || isQuestion && error.kind == .usage, "\(hostile)")
      }
      #expect(try names(in: scratch.path) == before, "\(hostile): something was written")
      try FileManager.default.removeItem(atPath: scratch("case\(number)"))
    }
  }

  /// How many there are of each class, which the documentation says.
  @Test func coversEveryClass() {
    var counts: [String: Int] = [:]
    for hostile in HostileCase.all { counts[hostile.group, default: 0] += 1 }
    let groups = counts.keys.sorted {
      $0.localizedStandardCompare($1) == .orderedAscending
    }
    print(groups.map { "\($0) \(counts[$0] ?? 0)" }.joined(separator: ", "))
    let doors = HostileCase.Door.allCases.map { door in
      "\(door.rawValue) \(HostileCase.all.count { $0.door == door })"
    }
    print(doors.joined(separator: ", "), "in all \(HostileCase.all.count)")
    let refused = HostileCase.all.filter { $0.code != nil }
    #expect(refused.count > 300)
    #expect(Set(refused.compactMap(\.code)).count > 90)
    #expect(counts.keys.count > 60)
    // A case that stands twice would count twice.
    #expect(Set(HostileCase.all.map(\.description)).count == HostileCase.all.count)
  }

  /// The path to give to the door.
  private func place(
    _ hostile: HostileCase, _ number: Int, in scratch: ScratchFolder
  ) throws -> String {
    let name = "case\(number)"
    let part = [HostileCase.Door.config: "config.json", .model: "model.safetensors"][hostile.door]
    guard let part else { return try hostile.write(to: scratch, as: name) }
    try scratch.copy("dinov2/hf", to: name)
    try hostile.write(to: scratch, as: name + "/" + part)
    return scratch(name)
  }

  private func names(in folder: String) throws -> [String] {
    try FileManager.default.subpathsOfDirectory(atPath: folder).sorted()
  }
}

func refusal(_ body: () throws(WeightsError) -> Void) -> WeightsError? {
  do throws(WeightsError) {
    try body()
    return nil
  } catch { return error }
}
