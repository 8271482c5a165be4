import DVLAGates
import DVLAHashing
import DVLAJSON
import DVLASigning
import DVLATestSupport

extension HostileCase {
  /// F: budgets of a release gate.
  static let budgets: [HostileCase] = {
    var list = document(.budget)
    list.add("F0", "a sound budget", nil, text: SampleGate.budgetText)
    for (group, what, code, old, new) in [
      ("F0", "a schema of the future", "json.type", #""schema": 1"#, #""schema": 2"#),
      ("F0", "a member that is not known", "json.unknown-key", #""limits""#, #""x": 1, "limits""#),
      ("F0", "limits of another name", "json.unknown-key", #""limits""#, #""rules""#),
      ("F14", "a measure that is not known", "budget.measure", "weight.gain_error", "weight.gain"),
      ("F14", "a statistic that is not known", "budget.statistic", #""worst""#, #""max""#),
      (
        "F14", "a limit in the wrong direction", "budget.bound", #""at_most": 0.05"#,
        #""at_least": 0.05"#
      ),
      (
        "F14", "a limit in both directions", "budget.bound", #""at_most": 0.05"#,
        #""at_most": 0.05, "at_least": 0"#
      ),
      ("F14", "a limit that nothing can meet", "budget.bound", "0.002", "-0.002"),
      ("F14", "a share above one", "budget.bound", "0.98", "98"),
      ("F14", "a percentile above 100", "budget.percentile", ": 95", ": 100.5"),
      ("F14", "a number beyond double range", "json.number-range", "0.002", "2e999"),
      (
        "F14", "a dimension beyond every integer", "json.integer-range", #""dimension": 6"#,
        #""dimension": 99999999999999999999"#
      ),
      (
        "F14", "flips of a gripper that is not there", "budget.gripper", #""percentile": 95,"#,
        #""percentile": 95, "dimension": 5,"#
      ),
      ("F14", "a pattern that is none", "budget.pattern", "vlm.**", "vlm.**.x"),
      (
        "F14", "steps of a depth map", "budget.scope", #""at_least": 0.98"#,
        #""at_least": 0.98, "steps": 1"#
      ),
      (
        "F14", "the same twice", "budget.duplicate", #""limits": ["#,
        #""limits": [{"measure": "weight.gain_error", "statistic": "worst", "at_most": 1},"#
      ),
    ] {
      list.add(
        group, what, code, building: { Array(try patched(SampleGate.budgetText, old, new).utf8) })
    }
    for (what, code, rest) in [
      ("no limits", "json.missing-key", ""),
      ("limits that are no list", "json.type", #","limits":{}"#),
      ("an empty list of limits", "budget.size", #","limits":[]"#),
    ] {
      list.add(
        "F0", what, code, text: #"{"schema": 1, "observations": {"at_least": 1}\#(rest)}"#)
    }
    list.add(
      "F14", "257 limits", "budget.size",
      text: #"{"schema": 1, "observations": {"at_least": 1}, "limits": ["#
        + (0..<257).map {
          #"{"measure": "action.max", "statistic": "worst", "at_most": 1, "dimension": \#($0)}"#
        }.joined(separator: ",") + "]}")
    list.add(
      "F14", "more than 64 KiB", "file.too-large", text: String(repeating: " ", count: 65537))
    return list.cases
  }()

  /// Statements of a gate: the envelope, and payloads that a trusted key has signed. Those that
  /// contradict themselves are failed checks and no hostile files; the tests of gates have them.
  static let gates: [HostileCase] = {
    var list = CaseList(.gate)
    @Sendable func payload() throws -> String { try sampleGate().statement().json.encoded() }
    @Sendable func signed(_ payload: String) throws -> [UInt8] {
      let key = try PrivateKey(path: FixtureFolder.path("signing/ed25519.pem"))
      let envelope = try SignedEnvelope(payload: Array(payload.utf8), by: key)
      return envelope.bytes
    }
    @Sendable func envelope() throws -> String {
      String(decoding: try signed(payload()), as: UTF8.self)
    }
    list.add("F0", "a statement as it is", nil, building: { try signed(payload()) })
    list.add("A1", "no byte", "json.truncated", [])
    list.add(
      "B5", "half of it", "json.truncated", building: { Array(try envelope().utf8.prefix(900)) })
    list.add("A7", "a text", "json.syntax", text: "passed\n")
    list.add("B6", "1000 brackets", "json.depth", text: String(repeating: "[", count: 1000))
    list.add(
      "B18", "more than a megabyte", "file.too-large", text: String(repeating: " ", count: 1 << 21))
    list.add(
      "E2", "a later version", "signature.kind",
      building: { Array(try patched(envelope(), "bundle.v0.3", "bundle.v0.4").utf8) })
    list.add(
      "E14", "two signatures", "signature.form",
      building: {
        Array(try patched(envelope(), #""keyid":""}"#, #""keyid":""},{"sig":"AA=="}"#).utf8)
      })
    list.add("F0", "signed text", "json.syntax", building: { try signed("passed") })
    list.add(
      "B6", "1000 signed brackets", "json.depth",
      building: { try signed(String(repeating: "[", count: 1000)) })
    for (group, what, code, old, new) in [
      ("E2", "a statement of another version", "signature.kind", "Statement/v1", "Statement/v2"),
      ("E3", "two subjects", "signature.statement", #""subject":[{"#, #""subject":[{},{"#),
      ("E14", "no root hash", "json.missing-key", "depthvla_root", "depthvla_tree"),
      ("E14", "a digest of other digits", "gate.statement", #""root":"4"#, #""root":"G"#),
      ("F14", "a member that is not known", "json.unknown-key", #""tool""#, #""waived":1,"tool""#),
      ("F14", "a measurement that is no number", "json.type", #""found":0.001"#, #""found":"nan""#),
      ("F14", "fewer samples than none", "json.type", #""samples":16"#, #""samples":-1"#),
      ("F14", "a count with a fraction", "json.type", #""count":8"#, #""count":8.0"#),
      ("F14", "half an interval", "gate.statement", ",0.035]", "]"),
      ("F14", "an unsound budget", "budget.bound", #""at_most":0.002"#, #""at_most":-2"#),
      (
        "F14", "a verdict in words", "json.type", #""passed":true,"budget""#,
        #""passed":"yes","budget""#
      ),
    ] {
      list.add(group, what, code, building: { try signed(patched(payload(), old, new)) })
    }
    return list.cases
  }()

  private static func sampleGate() throws -> SampleGate {
    try SampleGate(root: SHA256.hash([4]), fileHash: SHA256.hash([5]))
  }

  private static func patched(
    _ text: String, _ old: String, _ new: String
  ) throws -> String {
    guard let range = text.firstRange(of: old) else { throw HostileCaseError.notThere(old) }
    return text[..<range.lowerBound] + new + text[range.upperBound...]
  }
}
