import DVLADiagnostics
import DVLAHashing
import DVLAJSON

// The key `answer` of the metadata.
extension RecordedAnswer.Origin {
  private static let required = [
    "depth_expert", "family", "mask", "products", "root", "steps", "time", "tool",
  ]
  private static let optional = ["release", "robot"]
  private static let stepLimit = 1000
  private static let releases = 1...(1 << 53 - 1)

  var json: JSONObject {
    var members: [(String, JSONValue)] = [
      ("depth_expert", .bool(usesDepthExpert)), ("family", .string(family)),
      ("mask", .string(mask)),
      ("products", ["bf16": .string(bf16), "int8": .string(int8)]),
    ]
    if let release { members.append(("release", .integer(Int64(release)))) }
    if let robot { members.append(("robot", .object(robot))) }
    members += [
      ("root", .string(root.hex)), ("steps", .integer(Int64(steps))), ("time", .string(time)),
      ("tool", .string(tool)),
    ]
    return JSONObject(members)
  }

  /// - Throws: `observation.answer`.
  init(_ json: JSONObject) throws(WeightsError) {
    func refuse(_ key: String, _ rule: String) -> WeightsError {
      WeightsError(.observationAnswer, "answer: \(key): \(rule)")
    }
    for key in Self.required where json[key] == nil {
      throw refuse(key, "expected this key")
    }
    for (key, _) in json.members where !(Self.required + Self.optional).contains(key) {
      throw refuse(key.quoted, "expected no such key")
    }
    func text(_ key: String, in object: JSONObject? = nil) throws(WeightsError) -> String {
      guard let text = (object ?? json)[key]?.string, (1...256).contains(text.utf8.count) else {
        throw refuse(key, "expected a text of 1 to 256 bytes")
      }
      return text
    }
    func word(
      _ key: String, of words: [String], in object: JSONObject? = nil
    ) throws(WeightsError) -> String {
      let found = try text(key, in: object)
      guard words.contains(found) else {
        throw refuse(key, "expected \(words.joined(separator: " or ")), found \(found.quoted)")
      }
      return found
    }
    func number(_ key: String, _ range: ClosedRange<Int>) throws(WeightsError) -> Int {
      guard let number = json[key]?.integer, range.contains(number) else {
        throw refuse(key, "expected an integer from \(range.lowerBound) to \(range.upperBound)")
      }
      return number
    }
    guard let root = Digest(hex: try text("root")) else {
      throw refuse("root", "expected 64 digits of lower-case hexadecimal")
    }
    guard let products = json["products"]?.object, products.count == 2 else {
      throw refuse("products", "expected an object with bf16 and int8 alone")
    }
    guard let usesDepthExpert = json["depth_expert"]?.bool else {
      throw refuse("depth_expert", "expected true or false")
    }
    var robot: JSONObject?
    if let value = json["robot"] {
      guard let object = value.object else { throw refuse("robot", "expected an object") }
      robot = object
    }
    let time = try text("time")
    guard time.isTime else {
      throw refuse("time", "expected a time in UTC such as 2026-11-30T14:05:00.250Z")
    }
    self.init(
      root: root, release: json["release"] == nil ? nil : try number("release", Self.releases),
      family: try text("family"),
      bf16: try word("bf16", of: ["exact", "native"], in: products),
      int8: try word("int8", of: ["exact", "native"], in: products),
      steps: try number("steps", 1...Self.stepLimit),
      mask: try word("mask", of: ["block", "full"]), usesDepthExpert: usesDepthExpert,
      robot: robot, tool: try text("tool"), time: time)
  }
}

extension String {
  /// Whether it has the form of a time: milliseconds, and `Z` for UTC.
  fileprivate var isTime: Bool {
    let form = "0000-00-00T00:00:00.000Z".utf8
    return utf8.count == form.count
      && zip(utf8, form).allSatisfy { found, expected in
        expected == UInt8(ascii: "0") ? (0x30...0x39).contains(found) : found == expected
      }
  }
}
