import DVLADiagnostics
import DVLAJSON
import Testing

@testable import DVLAAccounting

/// A document read by a table of its keys.
@Suite struct DocumentReadingTests {
  /// A table as `Manifests/documents` has them, and a block.
  static let documents: [String: String] = [
    "layer": #"""
    {"schema": 1, "block": "layer", "about": "a part", "keys": {
      "width": {"sets": "width", "absent": 7},
      "heads": "$heads",
      "dropout": {"neutral": "concerns training"},
      "bias": {"fixed": [false], "why": "there are no biases"},
      "theta": {"rope": "theta"}, "rope_theta": {"rope": "theta"}
    }}
    """#,
    "model": #"""
    {"schema": 1, "about": "a model's config", "files": ["config.json"], "families": ["one"],
     "when": {"type": ["model", "model2"]}, "has": ["inner"], "keys": {
      "type": {"neutral": "chose the table"},
      "side": {"sets": "side", "form": "side"},
      "end": {"sets": "end", "form": "token", "null": "absent", "absent": 1},
      "act": {"sets": "act", "means": {"gelu": "tanh"}},
      "inner": {"block": "layer", "scope": "inner.", "absent": {"width": 9, "bias": false},
        "keys": {"heads": "$/heads"}}
    }}
    """#,
  ]

  private func table() throws -> KeyTable {
    var readers: [String: JSONReader] = [:]
    for (name, text) in Self.documents { readers[name] = JSONReader(try StrictJSON.parse(text)) }
    return try #require(try KeyTableDecoder(readers).tables().first)
  }

  private func read(_ document: JSONValue) throws -> DocumentReading {
    try DocumentReading(document, named: "config.json", by: table())
  }

  private func refusal(_ document: JSONValue) throws -> WeightsError? {
    let table = try table()
    do throws(WeightsError) {
      _ = try DocumentReading(document, named: "config.json", by: table)
      return nil
    } catch { return error }
  }

  @Test func aBlockIsNoTable() throws {
    let table = try table()
    #expect(table.name == "model" && table.settingKeys.contains("inner.width"))
    #expect(table.settingKeys.contains("heads") && !table.settingKeys.contains("inner.heads"))
  }

  @Test func theTableIsChosenByWhatTheDocumentSays() throws {
    let table = try table()
    let document: JSONObject = JSONObject([("type", "model2"), ("inner", .object(JSONObject()))])
    #expect(table.describes(document, named: "config.json", beside: "one"))
    #expect(!table.describes(document, named: "config.json", beside: "two"))
    #expect(!table.describes(document, named: "other.json", beside: "one"))
    #expect(!table.describes(JSONObject([("type", "model")])))
    #expect(!table.describes(JSONObject([("type", "third"), ("inner", 1)])))
  }

  @Test func everyKeyIsAccountedFor() throws {
    let reading = try read([
      "type": "model", "side": [14, 14], "end": [5, 6], "act": "gelu", "stranger": ["a": 1],
      "inner": ["heads": 3, "bias": false, "dropout": 0.5, "rope_theta": 500],
    ])
    let settings = Dictionary(uniqueKeysWithValues: reading.settings.map { ($0.key, $0.value) })
    #expect(
      settings == ["side": 14, "end": 5, "act": "tanh", "heads": 3, "inner.theta": 500])
    #expect(reading.defaults.map(\.key) == ["inner.width"])
    #expect(reading.defaults.first?.value == 7)
    let fates = reading.account.entries.map { ($0.key, $0.fate) }
    #expect(fates.first { $0.0 == "inner.bias" }?.1 == .fixed)
    #expect(fates.first { $0.0 == "inner.dropout" }?.1 == .neutral("concerns training"))
    #expect(fates.first { $0.0 == "inner.rope_theta" }?.1 == .used("inner.theta"))
    #expect(reading.account.unknown.map(\.key) == ["stranger"])
    #expect(reading.account.unknown.map(\.value) == [#"{"a":1}"#])
    let place = reading.settings.first { $0.key == "heads" }?.place
    #expect(place == "config.json inner.heads")
  }

  @Test func whatTheLibraryTakesForAnObjectLeftOut() throws {
    for document: JSONValue in [["type": "model"], ["type": "model", "inner": nil]] {
      let defaults = try read(document).defaults
      #expect(defaults.first { $0.key == "inner.width" }?.value == 9)
      #expect(defaults.first { $0.key == "end" }?.value == 1)
      #expect(defaults.first { $0.key == "inner.theta" }?.value.number == 10_000)
    }
  }

  @Test func nullIsTakenOnlyWhereTheLibraryTakesIt() throws {
    #expect(try read(["end": nil]).defaults.contains { $0.key == "end" && $0.value == 1 })
    let error = try refusal(["act": nil])
    #expect(error?.code == .documentSetting)
    #expect(error?.message.contains("config.json act is null") == true)
  }

  @Test(arguments: [
    (#"{"inner": {"bias": true}}"#, "config.json inner.bias is true, but only false"),
    (#"{"side": [14, 16]}"#, "config.json side is [14,16]"),
    (#"{"end": ["a"]}"#, "config.json end is"),
    (#"{"inner": [1]}"#, "config.json inner: expected an object"),
    (#"[1]"#, "config.json must be a JSON object"),
    (#"{"act": {"name": "gelu"}}"#, "config.json act: expected a value"),
  ])
  func whatIsNotComputedIsRefusedByName(_ document: String, _ words: String) throws {
    let error = try refusal(try StrictJSON.parse(document))
    #expect(error?.code == .documentSetting)
    #expect(error?.message.hasPrefix(words) == true, "\(error?.message ?? "no error")")
  }

  @Test func keysAreBytes() throws {
    // The Kelvin sign is canonically equivalent to K, and another key.
    let reading = try DocumentReading(
      ["\u{212A}": 1], named: "config.json",
      by: KeyTable(name: "t", about: "", keys: ["K": .sets("k")], absent: []))
    #expect(reading.settings.isEmpty && reading.account.unknown.count == 1)
  }

  @Test func moreKeysThanAnyLibraryWritesAreRefused() throws {
    let members = (0...KeyAccount.entryLimit).map { ("k\($0)", JSONValue.integer(1)) }
    #expect(try refusal(.object(JSONObject(members)))?.code == .documentTooManyKeys)
  }

  @Test func anAccountSurvivesItsDocument() throws {
    let account = try read([
      "stranger": .string(String(repeating: "x", count: 500)), "act": "relu",
      "inner": ["bias": false, "dropout": 1],
    ]).account
    let again = try KeyAccount(JSONReader(account.json))
    #expect(again == account)
    #expect(account.entries[0].value.unicodeScalars.count == KeyEntry.valueLength)
  }

  @Test(arguments: [
    #"{"keys": {"a": "b"}}"#, #"{"keys": {"a": {"sets": "b", "form": "cube"}}}"#,
    #"{"keys": {"a": {"fixed": [1]}}}"#, #"{"keys": {"a": {}}}"#, #"{"include": ["none"]}"#,
    #"{"keys": {"a": {"unheard": 1}}}"#,
  ])
  func aTableThatSaysNothingIsRefused(_ members: String) throws {
    let head = #"{"schema": 1, "about": "a", "files": ["config.json"], "#
    let document = JSONReader(try StrictJSON.parse(head + members.dropFirst()))
    #expect(throws: WeightsError.self) { try KeyTableDecoder(["t": document]).tables() }
  }

  @Test func aBlockThatHoldsItselfIsRefused() throws {
    let block = #"{"schema": 1, "block": "b", "about": "a", "include": ["b"]}"#
    let table = #"{"schema": 1, "about": "a", "files": ["f"], "include": ["b"]}"#
    let documents = [
      "b": JSONReader(try StrictJSON.parse(block)), "t": JSONReader(try StrictJSON.parse(table)),
    ]
    #expect(throws: WeightsError.self) { try KeyTableDecoder(documents).tables() }
  }
}
