import DVLABundles
import DVLADiagnostics
import DVLAHashing
import DVLAJSON
import DVLAModels
import DVLANormalization
import DVLATensors
import DVLATestSupport
import DVLATokenization
import Testing

@testable import DVLAPipelines

/// Documents of pi0's processing, and what upstream's own code made of states, prompts and chunks
/// with them: `Fixtures/generate/policy_processing.py`.
struct UpstreamProcessingTests {
  /// A configuration and statistics without weights.
  struct Source: AssetSource {
    let path = "source"
    let family = "pi0"
    let configuration: JSONValue
    let statistics: [UInt8]

    func assets(_ role: BundleAsset.Role) -> [BundleAsset] {
      guard role == .statistics else { return [] }
      let plan = BundleAssetPlan(
        family: family, fileName: "stats.json", role: role, byteCount: statistics.count,
        source: "stats.json")
      return [BundleAsset(plan, sha256: SHA256.hash(statistics))]
    }

    func bytes(of asset: BundleAsset) throws(WeightsError) -> [UInt8] { statistics }
  }

  private func cases(_ name: String) throws -> [JSONObjectReader] {
    let root = try JSONReader(StrictJSON.parse(FixtureFolder.bytes("processing/" + name)))
    var cases: [JSONObjectReader] = []
    for reader in try root.object().required("cases").array() { cases.append(try reader.object()) }
    return cases
  }

  private func numbers(_ reader: JSONReader) throws -> [Double] {
    try reader.array().map { try $0.number() }
  }

  /// The same configuration with another processing, and a model of other widths.
  private func source(
    _ base: JSONValue, _ processing: [(String, JSONValue)], state: Int, action: Int, horizon: Int,
    _ test: JSONObjectReader
  ) throws -> Source {
    let members = try #require(base.object).members.map { member -> (String, JSONValue) in
      guard member.key == "action", let inner = member.value.object else {
        return (member.key, member.value)
      }
      let widths = ["state_dim": state, "action_dim": action, "horizon": horizon]
      return (
        "action",
        .object(
          JSONObject(
            inner.members.map { key, value in
              (key, widths[key].map { .integer(Int64($0)) } ?? value)
            }))
      )
    }
    .filter { $0.0 != "processing" }
    let text = try test.required("statistics").value.encoded()
    return Source(
      configuration: .object(
        JSONObject(members + [("processing", .object(JSONObject(processing)))])),
      statistics: Array(text.utf8))
  }

  /// What comes of the case's state and chunk, beside what upstream made of them.
  private func check(
    _ source: Source, _ test: JSONObjectReader, tolerance: Double, _ name: String
  ) throws {
    let model = try DepthVLAConfiguration(
      ConfigurationReader(source.configuration), hasDepth: false)
    let settings = try PolicySettings(source.configuration, model)
    let assets = try PolicyAssets(source)
    let units = try PolicyUnits(assets, settings, model.action)
    let state = try units.modelState(numbers(test.required("state")))
    let expected = try numbers(test.required("model_state"))
    let found = state.tensor.values.map(Double.init)
    let rest = [Double](repeating: 0, count: found.count - expected.count)
    expect(found, expected + rest, tolerance, name + ": state")
    let chunk = try test.required("chunk").array().map(numbers)
    let tensor = Tensor(
      chunk.flatMap { $0 }.map(Float.init), shape: [chunk.count, model.action.actionDim])
    let actions = try units.robotActions(tensor, from: state)
    let wanted = try test.required("actions").array().map(numbers)
    #expect(actions.map(\.count) == wanted.map(\.count), "\(name)")
    expect(actions.flatMap { $0 }, wanted.flatMap { $0 }, tolerance, name + ": actions")
  }

  private func expect(
    _ found: [Double], _ expected: [Double], _ tolerance: Double, _ name: String
  ) {
    #expect(found.count == expected.count, "\(name)")
    let worst = zip(found, expected).map { abs($0 - $1) / max(1, abs($1)) }.max() ?? 0
    #expect(worst <= tolerance, "\(name): \(worst)")
  }

  @Test func lerobotsPipelines() throws {
    let base = try PolicyBundle("pi0/openpi").bundle.documents.configuration
    let tokenizer = try Tokenizer(
      sentencePieceModel: FixtureFolder.bytes("tokenizers/tiny/tokenizer.model"))
    let cases = try cases("lerobot.json")
    #expect(cases.count == 27)
    for test in cases {
      let name = try test.required("name").string()
      func pipeline(_ side: LeRobotPipeline.Side, _ key: String) throws
        -> LeRobotProcessing.Document<LeRobotPipeline>
      {
        let text = try test.required(key).value.encoded()
        return LeRobotProcessing.Document(
          try LeRobotPipeline(side, contents: Array(text.utf8)), path: side.rawValue)
      }
      let config = LeRobotProcessing.Document(
        try LeRobotConfiguration(test.required("config").value), path: "config.json")
      let joined = try LeRobotProcessing(
        config: config, before: pipeline(.before, "before"), after: pipeline(.after, "after"),
        isEarly: false, replacesStatistics: true)
      let values = joined.processing.values.map { ($0.key.rawValue, $0.value) }
      let source = try source(base, values, state: 11, action: 7, horizon: 4, test)
      // The configuration says all of it.
      #expect(try PolicyProcessing(of: source) == joined.processing, "\(name)")
      try check(source, test, tolerance: 0, name)
      let limit = try #require(joined.promptLimit).limit
      let prompt = PaliGemmaPrompt(
        tokenizer, style: PaliGemmaPrompt.Style(family: "pi0", joined.processing),
        tokenLimit: joined.processing.tokenLimit(limit), overflow: joined.processing.overflow)
      for reader in try test.required("prompts").array() {
        let text = try reader.object().required("text").string()
        let ids = try reader.object().required("ids").array().map { try $0.integer() }
        #expect(try prompt.tokens(text) == ids, "\(name): \(text)")
      }
    }
  }

  /// asin differs in its last bit from PyTorch's.
  @Test func lerobotUntilOctober2025() throws {
    let base = try PolicyBundle("pi0/openpi").bundle.documents.configuration
    let cases = try cases("early.json")
    #expect(cases.count == 9)
    for test in cases {
      let name = try test.required("name").string()
      let config = LeRobotProcessing.Document(
        try LeRobotConfiguration(test.required("config").value), path: "config.json")
      let joined = try LeRobotProcessing(
        config: config, before: nil, after: nil, isEarly: true, replacesStatistics: true)
      let chunk = try test.required("chunk").array().map(numbers)
      let source = try source(
        base, joined.processing.values.map { ($0.key.rawValue, $0.value) }, state: 32,
        action: chunk[0].count, horizon: 4, test)
      try check(source, test, tolerance: 1e-6, name)
    }
  }

  @Test func openpisTransforms() throws {
    let base = try PolicyBundle("pi0/openpi").bundle.documents.configuration
    let cases = try cases("openpi.json")
    #expect(cases.count == 16)
    for test in cases {
      let name = try test.required("name").string()
      let settings = try test.required("settings").object().members.map {
        ($0.key, $0.reader.value)
      }
      let source = try source(base, settings, state: 32, action: 32, horizon: 4, test)
      try check(source, test, tolerance: 1e-12, name)
    }
  }
}
