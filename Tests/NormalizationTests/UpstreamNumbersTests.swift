import DVLADiagnostics
import DVLAJSON
import DVLANormalization
import DVLATestSupport
import Testing

/// Every number is upstream's own, or was held against it:
/// `Fixtures/generate/policy_statistics.py`.
struct UpstreamNumbersTests {
  struct Case: Sendable, CustomTestStringConvertible {
    let file: String
    let feature: PolicyStatistics.Feature
    let method: NormalizationMethod
    let values: [Double]
    let normalized: [Double]?
    let undone: [Double]?

    var testDescription: String { "\(file) \(feature.rawValue) \(method.rawValue)" }

    static func all() throws -> [Case] {
      let list = try JSONReader(
        StrictJSON.parse(FixtureFolder.bytes("statistics/expected.json"))
      ).array()
      return try list.map { reader in
        let object = try reader.object()
        let feature = try object.required("feature").string()
        let method = try object.required("method").string()
        return Case(
          file: try object.required("file").string(),
          feature: try #require(PolicyStatistics.Feature(rawValue: feature)),
          method: try #require(NormalizationMethod(rawValue: method)),
          values: try object.required("in").array().map { try $0.number() },
          normalized: try object.optional("normalized")?.array().map { try $0.number() },
          undone: try object.optional("undone")?.array().map { try $0.number() })
      }
    }
  }

  @Test func everyVectorIsUpstreamsToTheBit() throws {
    let cases = try Case.all()
    #expect(cases.count == 38)
    for expected in cases {
      let normalizer = try statistics(expected.file).normalizer(
        of: expected.feature, method: expected.method)
      if let normalized = expected.normalized {
        #expect(try normalizer.normalize(expected.values) == normalized, "\(expected)")
      }
      if let undone = expected.undone {
        #expect(try normalizer.undo(expected.values) == undone, "\(expected)")
      }
    }
  }

  @Test(arguments: [
    ("openpi-11-7.json", PolicyStatistics.Origin.openpi, 11, 7),
    ("openpi-8-5.json", .openpi, 8, 5),
    ("openpi-padded.json", .openpi, 12, 12),
    ("lerobot-11-7.json", .lerobot, 11, 7),
    ("lerobot-8-5.json", .lerobot, 8, 5),
    ("lerobot-11-7.safetensors", .lerobot, 11, 7),
    ("lerobot-8-5.safetensors", .lerobot, 8, 5),
  ])
  func theFormIsToldFromTheContents(
    file: String, origin: PolicyStatistics.Origin, state: Int, action: Int
  ) throws {
    let statistics = try statistics(file)
    #expect(statistics.origin == origin)
    #expect(try statistics.normalizer(of: .state).width == state)
    #expect(try statistics.normalizer(of: .action).width == action)
    #expect(try statistics.normalizer(of: .action).method == .meanStd)
  }

  /// Zeros at the end are padding only where the model's vector ends with the statistics.
  @Test(arguments: [
    ("openpi-padded.json", 12, 8, 5), ("openpi-padded.json", 13, 12, 12),
    ("openpi-padded.json", 8, 12, 12), ("openpi-8-5.json", 8, 8, 5),
  ])
  func paddingEndsWithTheModel(file: String, modelWidth: Int, state: Int, action: Int) throws {
    let statistics = try statistics(file)
    #expect(try statistics.normalizer(of: .state, modelWidth: modelWidth).width == state)
    #expect(try statistics.normalizer(of: .action, modelWidth: modelWidth).width == action)
  }

  /// float32 holds none of these values: upstream rounds both sides, and so they meet.
  @Test(arguments: ["lerobot-8-5.json", "lerobot-8-5.safetensors"])
  func whatNeverChangedInTrainingMeetsItself(_ file: String) throws {
    let statistics = try statistics(file)
    var state = [Double](repeating: 0.25, count: 8)
    (state[1], state[4]) = (153.7, 1.1)
    var action = [Double](repeating: 0.25, count: 5)
    action[3] = 0.1
    for (method, expected) in [(NormalizationMethod.meanStd, 0.0), (.quantile, -1), (.minMax, -1)] {
      let states = try statistics.normalizer(of: .state, method: method)
      let ours = try states.normalize(state)
      #expect(ours[1] == expected && ours[4] == expected)
      #expect(try states.undo(ours)[1] == Double(Float(153.7)))
      let actions = try statistics.normalizer(of: .action, method: method)
      #expect(try actions.normalize(action)[3] == expected)
    }
  }

  @Test func lerobotsTensorsAreTheFloatsOfItsJSON() throws {
    let json = try statistics("lerobot-8-5.json")
    let tensors = try statistics("lerobot-8-5.safetensors")
    #expect(tensors.state?.mean == json.state?.mean?.map { Double(Float($0)) })
    #expect(tensors.action?.max == json.action?.max?.map { Double(Float($0)) })
  }

  @Test func identityChangesNothing() throws {
    let normalizer = try statistics("openpi-8-5.json").normalizer(of: .action, method: .identity)
    #expect(try normalizer.normalize([1, -2.5]) == [1, -2.5])
    #expect(try normalizer.undo([1, -2.5]) == [1, -2.5])
    #expect(try normalizer.normalize([0.1]) == [0.1])
    let lerobot = try statistics("lerobot-8-5.json").normalizer(of: .action, method: .identity)
    #expect(try lerobot.normalize([1, 0.1]) == [1, Double(Float(0.1))])
  }

  func statistics(_ file: String) throws -> PolicyStatistics {
    try PolicyStatistics(contents: FixtureFolder.bytes("statistics/\(file)"), fileName: file)
  }
}
