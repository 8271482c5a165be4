public import DVLADiagnostics
public import DVLAJSON

// A robot's document, version 1.

extension Robot {
  /// Most bytes of a document.
  public static let documentLimit = 1 << 20
  private static let version = 1
  private static let partLimit = 64
  private static let ignoredLimit = 256
  /// What the server takes out of a message before its robot sees it, and adds to the metadata.
  static let reservedKey = "depthvla"

  /// - Throws: as ``init(_:)``; `json.*` for what is no JSON or larger than ``documentLimit``.
  public init(contents: [UInt8]) throws(WeightsError) {
    try self.init(
      StrictJSON.parse(
        contents,
        limits: JSONLimits(
          maximumByteCount: Self.documentLimit, maximumValueCount: 50_000,
          maximumObjectCount: 10_000)))
  }

  /// - Throws: `robot.value`, `robot.key`; `json.*`, with `json.unknown-key` for keys that a
  ///   document does not have.
  public init(_ json: JSONValue) throws(WeightsError) {
    let root = try JSONReader(json).object(allowing: [
      "version", "name", "source", "cameras", "pictures", "state", "instruction", "ignored",
      "actions", "metadata",
    ])
    _ = try root.required("version").integer(in: Self.version...Self.version)
    name = try root.required("name").plainText(limit: 128)
    source = try root.present("source")?.plainText(limit: 1024)
    cameras = try root.required("cameras").elements(limit: Self.cameraLimit, Camera.init)
    pictures = try Pictures(root.required("pictures"))
    state = try root.required("state").elements(limit: Self.partLimit, StatePart.init)
    instruction = try Instruction(root.required("instruction"))
    ignored =
      try root.present("ignored")?.elements(
        from: 0, limit: Self.ignoredLimit, RobotKey.init) ?? []
    actionWidth =
      try root.present("actions")?.object(allowing: ["width"]).present("width")?
      .integer(in: 1...Self.widthLimit)
    metadata = try root.present("metadata").map { (reader) throws(WeightsError) in
      try reader.object().object
    }
    guard stateWidth <= Self.widthLimit else {
      throw WeightsError(
        .robotValue, "$.state: expected at most \(Self.widthLimit) values, found \(stateWidth)")
    }
    try checkKeys()
  }

  /// Every key has one meaning.
  private func checkKeys() throws(WeightsError) {
    let keys = cameras.map(\.key) + state.map(\.key) + [instruction.key] + ignored
    for (index, key) in keys.enumerated() {
      guard key.path[0] != Self.reservedKey else {
        throw WeightsError(
          .robotKey, "the key \(key.name.quoted): \(Self.reservedKey.quoted) is the server's own")
      }
      if let other = keys[..<index].first(where: key.overlaps) {
        throw WeightsError(
          .robotKey,
          other == key
            ? "the key \(key.name.quoted) is used twice"
            : "the keys \(other.name.quoted) and \(key.name.quoted) lie inside each other")
      }
    }
    guard metadata?[Self.reservedKey] == nil else {
      throw WeightsError(
        .robotKey, "$.metadata: the key \(Self.reservedKey.quoted) is the server's own")
    }
    for (index, camera) in cameras.enumerated()
    where cameras[..<index].contains(where: { $0.name == camera.name }) {
      throw WeightsError(.robotKey, "two cameras are called \(camera.name.quoted)")
    }
  }
}

extension Robot {
  /// The document with every key; what is not set is null. Reading it gives the same robot.
  public var json: JSONValue {
    [
      "version": .integer(Int64(Self.version)),
      "name": .string(name),
      "source": source.map { .string($0) } ?? .null,
      "cameras": .array(
        cameras.map {
          ["key": $0.key.json, "name": .string($0.name), "required": .bool($0.isRequired)]
        }),
      "pictures": [
        "layout": .string(pictures.layout.rawValue),
        "floats": .string(pictures.floats.rawValue),
        "size": pictures.size.map { .array($0.map { .integer(Int64($0)) }) } ?? .null,
      ],
      "state": .array(
        state.map {
          [
            "key": $0.key.json, "width": .integer(Int64($0.width)),
            "scalar": .bool($0.mayBeScalar),
          ]
        }),
      "instruction": [
        "key": instruction.key.json, "bytes": .bool(instruction.mayBeBytes),
        "default": instruction.fallback.map { .string($0) } ?? .null,
      ],
      "ignored": .array(ignored.map(\.json)),
      "actions": ["width": actionWidth.map { .integer(Int64($0)) } ?? .null],
      "metadata": metadata.map { .object($0) } ?? .null,
    ]
  }
}

extension Robot.Camera {
  fileprivate init(_ reader: JSONReader) throws(WeightsError) {
    let object = try reader.object(allowing: ["key", "name", "required"])
    key = try RobotKey(object.required("key"))
    isRequired = try object.optional("required")?.bool() ?? true
    let given = object.present("name")
    name = try given?.string() ?? key.name
    guard Self.isName(name) else {
      throw (given ?? reader).failure(
        .robotValue,
        "expected a name of 1 to 128 of the characters A-Z a-z 0-9 . _ / -, found \(name.quoted)"
          + (given == nil ? ", which the key makes; give one with \"name\"" : ""))
    }
  }

  private static func isName(_ text: String) -> Bool {
    1...128 ~= text.utf8.count
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
          UInt8(ascii: "/"), UInt8(ascii: "-"):
          true
        default: false
        }
      }
  }
}

extension Robot.Pictures {
  /// Height and width.
  fileprivate var size: [Int]? {
    guard let height, let width else { return nil }
    return [height, width]
  }

  fileprivate init(_ reader: JSONReader) throws(WeightsError) {
    let object = try reader.object(allowing: ["layout", "floats", "size"])
    layout = try object.required("layout").word()
    floats = try object.required("floats").word()
    guard let size = object.present("size") else {
      (height, width) = (nil, nil)
      return
    }
    let sides = try size.array()
    guard sides.count == 2 else {
      throw size.failure(.robotValue, "expected height and width, found \(sides.count) numbers")
    }
    height = try sides[0].integer(in: 1...Robot.sideLimit)
    width = try sides[1].integer(in: 1...Robot.sideLimit)
  }
}

extension Robot.StatePart {
  fileprivate init(_ reader: JSONReader) throws(WeightsError) {
    let object = try reader.object(allowing: ["key", "width", "scalar"])
    key = try RobotKey(object.required("key"))
    width = try object.required("width").integer(in: 1...Robot.widthLimit)
    mayBeScalar = try object.optional("scalar")?.bool() ?? false
    guard width == 1 || !mayBeScalar else {
      throw reader.failure(
        .robotValue, "expected \"scalar\" only of a part of one value, found a width of \(width)")
    }
  }
}

extension Robot.Instruction {
  fileprivate init(_ reader: JSONReader) throws(WeightsError) {
    let object = try reader.object(allowing: ["key", "bytes", "default"])
    key = try RobotKey(object.required("key"))
    mayBeBytes = try object.optional("bytes")?.bool() ?? false
    fallback = try object.present("default").map { (text) throws(WeightsError) in
      let words = try text.string()
      do throws(WeightsError) { try Self.check(words) } catch {
        throw text.failure(.robotValue, error.message)
      }
      return words
    }
  }
}

extension JSONObjectReader {
  /// The member; nil where there is none or it is null.
  fileprivate func present(_ key: String) -> JSONReader? {
    optional(key).flatMap { $0.isNull ? nil : $0 }
  }
}

extension JSONReader {
  /// - Throws: `json.type`; `robot.value` for none and for more than the limit; what `make` throws.
  fileprivate func elements<Element>(
    from least: Int = 1, limit: Int, _ make: (JSONReader) throws(WeightsError) -> Element
  ) throws(WeightsError) -> [Element] {
    let readers = try array()
    guard least...limit ~= readers.count else {
      throw failure(.robotValue, "expected \(least) to \(limit) elements, found \(readers.count)")
    }
    return try readers.map(make)
  }

  /// A text that is not empty.
  fileprivate func plainText(limit: Int) throws(WeightsError) -> String {
    let text = try string()
    guard 1...limit ~= text.utf8.count else {
      throw failure(.robotValue, "expected 1 to \(limit) bytes, found \(text.utf8.count)")
    }
    return text
  }

  fileprivate func word<Word: RawRepresentable<String> & CaseIterable>()
    throws(WeightsError) -> Word
  {
    guard let word = Word(rawValue: try string()) else {
      throw mismatch("one of " + Word.allCases.map(\.rawValue.quoted).joined(separator: ", "))
    }
    return word
  }
}
