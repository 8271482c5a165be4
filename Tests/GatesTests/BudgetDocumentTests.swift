import DVLADiagnostics
import DVLAHashing
import DVLAJSON
import DVLATensors
import DVLATestSupport
import Testing

@testable import DVLAGates

private let worst = #"{"measure": "action.max", "statistic": "worst", "at_most": 1}"#

struct BudgetDocumentTests {
  static func read(_ text: String) throws -> Budget { try Budget(contents: Array(text.utf8)) }

  /// A budget of these limits, and grippers if a text of them is given.
  static func read(limits: String, grippers: String = "") throws -> Budget {
    let list = grippers.isEmpty ? "" : #""grippers": [\#(grippers)], "#
    return try read(
      #"{"schema": 1, "observations": {"at_least": 1}, \#(list)"limits": [\#(limits)]}"#)
  }

  @Test func everyMemberIsRead() throws {
    let budget = try Self.read(SampleGate.budgetText)
    #expect(budget.leastObservations == 8)
    #expect(budget.grippers == [Budget.Gripper(dimension: 6, threshold: 0.5)])
    let expected: [BudgetLimit] = [
      BudgetLimit(
        .weightGain, .worst, bound: 0.002, why: "A scale that is off by 1 % is found."),
      BudgetLimit(.actionRMSOfDeviation, .mean, bound: 0.05, steps: 10),
      BudgetLimit(.gripperFlips, .percentile(95), bound: 1),
      BudgetLimit(.depthDelta, .mean, bound: 0.98),
      BudgetLimit(.stageSQNR, .worst, bound: 12, pattern: try DottedPattern("vlm.**")),
    ]
    #expect(budget.limits == expected)
  }

  @Test func everyMeasureHasALimitInItsDirection() throws {
    for measure in Measure.allCases {
      let key = measure.isLargerBetter ? "at_least" : "at_most"
      let other = measure.isLargerBetter ? "at_most" : "at_least"
      let grippers = measure == .gripperFlips ? #"{"dimension": 0, "threshold": 0}"# : ""
      func limits(_ key: String) -> String {
        #"{"measure": "\#(measure.rawValue)", "statistic": "worst", "\#(key)": 0.5}"#
      }
      let budget = try Self.read(limits: limits(key), grippers: grippers)
      #expect(budget.limits == [BudgetLimit(measure, .worst, bound: 0.5)])
      #expect(throws: WeightsError(.budgetBound, "")) {
        try Self.read(limits: limits(other), grippers: grippers)
      }
    }
  }

  @Test func whatIsWrittenIsWhatIsRead() throws {
    let budget = try Self.read(SampleGate.budgetText)
    let again = try Self.read(budget.json.encoded())
    #expect(again == budget)
    #expect(again.json == budget.json)
    // Written out by hand.
    #expect(
      budget.json.encoded().hasPrefix(
        #"{"schema":1,"observations":{"at_least":8},"grippers":[{"dimension":6,"threshold":0.5}],"#
          + #""limits":[{"measure":"weight.gain_error","statistic":"worst","at_most":0.002,"why":"#)
    )
    #expect(budget.digest == SHA256.hash(Array(budget.json.encoded().utf8)))
  }

  @Test func whiteSpaceOrderAndSpellingDoNotChangeTheDigest() throws {
    let limit =
      #"{"measure": "action.max", "statistic": "percentile", "percentile": 95, "at_most": 1}"#
    let budget = try Self.read(limits: limit)
    for other in [
      #"{"at_most": 1.0, "percentile": 9.5e1, "statistic": "percentile", "measure": "action.max"}"#,
      #"{ "measure":"action.max","statistic":"percentile","percentile":95.00,"at_most":10e-1 }"#,
    ] {
      #expect(try Self.read(limits: other).digest == budget.digest)
    }
    for other in [
      limit.replacing("1}", with: "1.5}"), limit.replacing("95", with: "96"),
      limit.replacing("}", with: #", "why": "x"}"#),
    ] {
      #expect(try Self.read(limits: other).digest != budget.digest)
    }
    let zero = try Self.read(limits: limit.replacing("1}", with: "-0.0}"))
    #expect(try zero.digest == Self.read(limits: limit.replacing("1}", with: "0}")).digest)
  }

  /// Whole documents: the text, the code, and what the message must say.
  @Test(arguments: [
    ("", "json.truncated", "line 1, column 1"), ("[]", "json.type", "$: expected an object"),
    ("{}", "json.missing-key", "schema"),
    (#"{"schema": 2}"#, "json.type", "$.schema"),
    (#"{"schema": 1, "limits": []}"#, "json.missing-key", "observations"),
    (
      #"{"schema": 1, "observations": {"at_least": 0}, "limits": [\#(worst)]}"#, "json.type",
      "$.observations.at_least"
    ),
    (
      #"{"schema": 1, "observations": {"at_least": 1, "most": 1}, "limits": [\#(worst)]}"#,
      "json.unknown-key", #"$.observations: unknown key "most""#
    ),
    (
      #"{"schema": 1, "observations": {"at_least": 1}, "limits": []}"#, "budget.size",
      "$.limits: expected 1 to 256"
    ),
    (
      #"{"schema": 1, "observations": {"at_least": 1}, "limits": [\#(worst)], "seeds": 2}"#,
      "json.unknown-key", #"unknown key "seeds""#
    ),
    (
      #"{"schema": 1, "schema": 1}"#, "json.duplicate-key", "schema"
    ),
  ])
  func documentsAreRefused(text: String, code: String, words: String) {
    expectRefusal(code, mentioning: words) { try Self.read(text) }
  }

  /// Limits, the code, and what the message must say.
  @Test(arguments: [
    (#"{"measure": "action.rmse"}"#, "budget.measure", "$.limits[0].measure"),
    (#"{"measure": 1}"#, "json.type", "$.limits[0].measure"),
    (#"{"statistic": "mean"}"#, "json.missing-key", "measure"),
    (#"{"measure": "action.max", "statistic": "median"}"#, "budget.statistic", "median"),
    (#"{"measure": "action.max", "statistic": "mean"}"#, "json.missing-key", "at_most"),
    (
      #"{"measure": "action.max", "statistic": "worst", "at_most": 1, "unit": "rad"}"#,
      "json.unknown-key", "unit"
    ),
    (
      #"{"measure": "action.max", "statistic": "percentile", "at_most": 1}"#, "json.missing-key",
      "percentile"
    ),
    (
      #"{"measure": "action.max", "statistic": "percentile", "percentile": 101, "at_most": 1}"#,
      "budget.percentile", "found 101"
    ),
    (
      #"{"measure": "action.max", "statistic": "percentile", "percentile": -1e-9, "at_most": 1}"#,
      "budget.percentile", "0 to 100"
    ),
    (
      #"{"measure": "action.max", "statistic": "worst", "percentile": 95, "at_most": 1}"#,
      "budget.percentile", "$.limits[0].percentile"
    ),
    (
      #"{"measure": "action.max", "statistic": "worst", "at_most": -0.1}"#, "budget.bound",
      "never below 0; found the limit -0.1"
    ),
    (
      #"{"measure": "stage.cosine", "statistic": "worst", "at_least": 1.001}"#, "budget.bound",
      "from -1 to 1"
    ),
    (
      #"{"measure": "depth.delta_1_25", "statistic": "mean", "at_least": 98}"#, "budget.bound",
      "from 0 to 1"
    ),
    (
      #"{"measure": "depth.delta_1_25", "statistic": "mean", "at_most": 0.9}"#, "budget.bound",
      #"expected "at_least" in place of "at_most""#
    ),
    (
      #"{"measure": "action.max", "statistic": "mean", "at_most": 1, "at_least": 0}"#,
      "budget.bound", "less is better"
    ),
    (#"{"measure": "depth.edge_breaks", "statistic": "mean", "at_most": 2}"#, "budget.bound", "2"),
    (
      #"{"measure": "action.flow_loss_rise", "statistic": "mean", "at_most": -1.5}"#,
      "budget.bound", "-1.5"
    ),
    (#"{"measure": "action.max", "statistic": "mean", "at_most": NaN}"#, "json.non-finite", "NaN"),
    (#"{"measure": "action.max", "statistic": "mean", "at_most": 1e999}"#, "json.number-range", ""),
    (#"{"measure": "action.max", "statistic": "mean", "at_most": "1"}"#, "json.type", "at_most"),
    (
      #"{"measure": "depth.rmse", "statistic": "mean", "at_most": 1, "dimension": 1}"#,
      "budget.scope", "$.limits[0].dimension"
    ),
    (
      #"{"measure": "action.l1_rise", "statistic": "mean", "at_most": 1, "steps": 1}"#,
      "budget.scope", "steps"
    ),
    (
      #"{"measure": "action.max", "statistic": "mean", "at_most": 1, "match": "**"}"#,
      "budget.scope", "$.limits[0].match"
    ),
    (
      #"{"measure": "action.max", "statistic": "mean", "at_most": 1, "steps": 0}"#, "json.type",
      "steps"
    ),
    (
      #"{"measure": "action.max", "statistic": "mean", "at_most": 1, "dimension": -1}"#,
      "json.type", "dimension"
    ),
    (
      #"{"measure": "stage.cosine", "statistic": "mean", "at_least": 0, "match": "a..b"}"#,
      "budget.pattern", "$.limits[0].match"
    ),
    (
      #"{"measure": "stage.cosine", "statistic": "mean", "at_least": 0, "match": "**.b"}"#,
      "budget.pattern", "**.b"
    ),
    (
      #"{"measure": "action.gripper_flips", "statistic": "worst", "at_most": 0}"#,
      "budget.gripper", "no \"grippers\""
    ),
    // The same twice, with the same bound and another.
    (worst + "," + worst, "budget.duplicate", "$.limits[0] already, to 1; found 1"),
    (
      worst + "," + worst.replacing("1}", with: "2}"), "budget.duplicate",
      "$.limits[1]: worst action.max is limited by $.limits[0]"
    ),
    // The looser of two that can never break.
    (
      worst + #",{"measure": "action.max", "statistic": "mean", "at_most": 1.5}"#,
      "budget.contradiction", "mean action.max: at most 1.5"
    ),
    (
      #"{"measure": "action.max", "statistic": "mean", "at_most": 1.5},"# + worst,
      "budget.contradiction", "mean action.max: at most 1.5"
    ),
    (
      worst
        + #",{"measure": "action.max", "statistic": "worst", "at_most": 2, "dimension": 6}"#,
      "budget.contradiction", "dimension 6"
    ),
  ])
  func limitsAreRefused(limits: String, code: String, words: String) {
    expectRefusal(code, mentioning: words) { try Self.read(limits: limits) }
  }

  @Test(arguments: [
    (#"{"dimension": 6, "threshold": 0}, {"dimension": 6, "threshold": 1}"#, "budget.gripper"),
    (#"{"dimension": 6}"#, "json.missing-key"),
    (#"{"dimension": 6, "threshold": "open"}"#, "json.type"),
    (#"{"dimension": 6, "threshold": 0, "closed": 1}"#, "json.unknown-key"),
    (#"{"dimension": 1e1, "threshold": 0}"#, "json.type"),
    (#"{"dimension": 5, "threshold": 0}"#, "budget.gripper"),
  ])
  func grippersAreRefused(grippers: String, code: String) {
    expectRefusal(code) {
      try Self.read(
        limits:
          #"{"measure": "action.gripper_flips", "statistic": "worst", "at_most": 0, "dimension": 6}"#,
        grippers: grippers)
    }
  }

  /// Limits that are tighter as the numbers become more are what a budget is made of.
  @Test func limitsThatAllDecideAreTaken() throws {
    let budget = try Self.read(
      limits: [
        worstMaximum(2), worstMaximum(1, #""dimension": 6"#), percentile(50, 0.5),
        percentile(95, 1.5),
        #"{"measure": "action.max", "statistic": "mean", "at_most": 1}"#,
      ].joined(separator: ","))
    #expect(budget.limits.count == 5)
    // Of the same bound one is idle and nothing is contradicted.
    #expect(throws: Never.self) {
      try Self.read(limits: worstMaximum(0) + "," + percentile(95, 0))
    }
  }

  private func worstMaximum(_ bound: Double, _ more: String = #""why": "x""#) -> String {
    #"{"measure": "action.max", "statistic": "worst", "at_most": \#(bound), \#(more)}"#
  }

  private func percentile(_ value: Int, _ bound: Double) -> String {
    #"{"measure": "action.max", "statistic": "percentile", "percentile": \#(value), "#
      + #""at_most": \#(bound)}"#
  }

  @Test func sizesAreBounded() throws {
    func limits(_ count: Int) -> String {
      (0..<count).map {
        #"{"measure": "action.max", "statistic": "worst", "at_most": 1, "dimension": \#($0)}"#
      }.joined(separator: ",")
    }
    #expect(try Self.read(limits: limits(256)).limits.count == 256)
    expectRefusal("budget.size", mentioning: "found 257") {
      try Self.read(limits: limits(257))
    }
    let text = SampleGate.budgetText
    let blank = String(repeating: " ", count: Budget.byteCountLimit - text.utf8.count)
    #expect(throws: Never.self) { try Self.read(text + blank) }
    expectRefusal("json.too-large") { try Self.read(text + blank + " ") }
    let folder = try ScratchFolder()
    let path = try folder.write(text + blank + " ", to: "budget.json")
    expectRefusal("file.too-large", mentioning: path) { try Budget(path: path) }
    expectRefusal("file.not-found") { try Budget(path: folder("absent")) }
  }
}

/// Expects an error of the code, on one line.
func expectRefusal<Result>(
  _ code: String, mentioning words: String..., location: SourceLocation = #_sourceLocation,
  _ body: () throws -> Result
) {
  let error = #expect(throws: WeightsError.self, sourceLocation: location) { try body() }
  guard let error else { return }
  #expect(error.code.rawValue == code, "\(error)", sourceLocation: location)
  #expect(!error.description.contains("\n"), sourceLocation: location)
  for word in words where !word.isEmpty {
    #expect(error.description.contains(word), "\(error)", sourceLocation: location)
  }
}
