extension HostileCase {
  /// H: messages to a policy server: msgpack, with arrays as openpi-client packs them.
  static let messages: [HostileCase] =
    messageBytes + messageCounts + messageTexts + arrayMaps + arrayTypes + arrayShapes + scalars

  /// H0 to H1, H7 and H8: what is msgpack at all.
  private static let messageBytes: [HostileCase] = {
    var list = CaseList(.message)
    let sound = observations[0].message
    for (what, message) in observations {
      list.add("H0", "an observation of \(what)", nil, message)
    }
    list.add("H0", "a map of nothing", nil, [0x80])
    list.add("H0", "every value in its longest form", nil, longForms)
    list.add("H0", "arrays without extents and without elements", nil, emptyArrays)
    list.add("H1", "nothing", "message.truncated", [])
    list.add("H1", "a byte that begins no value", "message.format", [0xC1])
    list.add(
      "H1", "a byte that begins no value, as a key", "message.format", [0x81, 0xC1, 0xC0])
    list.add("H1", "JSON", "message.trailing", text: #"{"prompt": "pick up the cup"}"#)
    list.add("H1", "a pickle", "message.trailing", [0x80, 0x04, 0x95, 0x03, 0, 0, 0, 0, 0, 0, 0])
    list.add("H1", "a request of HTTP", "message.trailing", text: "GET / HTTP/1.1\r\n\r\n")
    list.add("H1", "an observation that is cut off", "message.truncated", Array(sound.dropLast()))
    list.add(
      "H1", "half of an observation", "message.truncated", Array(sound.prefix(sound.count / 2)))
    list.add("H1", "a number that is cut off", "message.truncated", [0xCB, 0x3F, 0xF0])
    list.add("H7", "an extension", "message.extension", [0xD4, 5, 0])
    list.add("H7", "a timestamp", "message.extension", map(("time", [0xD6, 0xFF, 0, 0, 0, 1])))
    list.add("H7", "an extension of no bytes", "message.extension", [0xC7, 0, 5])
    list.add("H8", "a byte behind an observation", "message.trailing", sound + [0xC0])
    list.add("H8", "two observations", "message.trailing", sound + sound)
    return list.cases
  }()

  /// H2 to H4: counts.
  private static let messageCounts: [HostileCase] = {
    var list = CaseList(.message)
    let most: [UInt8] = [0xFF, 0xFF, 0xFF, 0xFF]
    list.add("H2", "a list of 2^32 - 1 in 6 bytes", "message.count", [0xDD] + most + [0xC0])
    list.add("H2", "a map of 2^32 - 1 in 6 bytes", "message.count", [0xDF] + most + [0xC0])
    list.add(
      "H2", "a list of 2^30 in a megabyte", "message.count",
      [0xDD, 0x40, 0, 0, 0] + [UInt8](repeating: 0xC0, count: 1 << 20))
    list.add("H2", "a map of two in the bytes of one", "message.count", [0x82, 0xA0, 0xC0])
    list.add(
      "H2", "a list that takes what its parent needs", "message.count", [0x92, 0x92, 0xC0, 0xC0])
    list.add("H2", "text of 2^32 - 1 bytes", "message.truncated", [0xDB] + most + [0x61])
    list.add("H2", "bytes of 2^32 - 1", "message.truncated", [0xC6] + most + [0])
    list.add("H2", "an extension of 2^32 - 1 bytes", "message.truncated", [0xC9] + most + [5])
    for depth in [17, 1000, 1_000_000] {
      list.add(
        "H3", "\(depth) lists in each other", "message.depth",
        [UInt8](repeating: 0x91, count: depth) + [0xC0])
      list.add(
        "H3", "\(depth) maps in each other", "message.depth",
        (0..<depth).flatMap { _ in [0x81, 0xA1, 0x61] } + [0xC0])
    }
    list.add(
      "H3", "an array 17 deep", "message.depth",
      [UInt8](repeating: 0x91, count: 16) + array([0], "|u1", [0x90]))
    list.add(
      "H4", "a list of 4097", "message.too-many-entries",
      [0xDC, 0x10, 0x01] + [UInt8](repeating: 0xC0, count: 4097))
    list.add(
      "H4", "lists of 65552 in all", "message.too-many-entries",
      [0xDC, 0, 16]
        + (0..<16).flatMap { _ in [0xDC, 0x10, 0] + [UInt8](repeating: 0xC0, count: 4096) })
    list.add(
      "H4", "a text of 65537 bytes", "message.text-too-long",
      map(("prompt", [0xDB, 0, 1, 0, 1] + [UInt8](repeating: 0x61, count: 65537))))
    list.add(
      "H4", "a key of 65537 bytes", "message.text-too-long",
      [0x81, 0xDB, 0, 1, 0, 1] + [UInt8](repeating: 0x61, count: 65537) + [0xC0])
    list.add(
      "H4", "an array of text of 65537 characters", "message.text-too-long",
      array([UInt8](repeating: 0, count: 4 * 65537), "<U65537", [0x90]))
    return list.cases
  }()

  /// H5 and H6: text and keys.
  private static let messageTexts: [HostileCase] = {
    var list = CaseList(.message)
    for (what, bytes) in [
      ("a byte that no UTF-8 has", [0xA1, 0xFF]), ("a continuation byte alone", [0xA1, 0x80]),
      ("a scalar cut short", [0xA2, 0xE4, 0xB8]), ("an overlong slash", [0xA2, 0xC0, 0xAF]),
      ("a surrogate", [0xA3, 0xED, 0xA0, 0x80]),
      ("a scalar above U+10FFFF", [0xA4, 0xF4, 0x90, 0x80, 0x80]),
    ] as [(String, [UInt8])] {
      list.add("H5", what, "message.utf8", map(("prompt", bytes)))
      list.add("H5", what + ", in a key", "message.utf8", [0x81] + bytes + [0xC0])
    }
    list.add(
      "H6", "a key twice", "message.duplicate-key", map(("state", [0xC0]), ("state", [0xC0])))
    list.add(
      "H6", "a key twice, in two forms", "message.duplicate-key",
      [0x82, 0xA1, 0x61, 0xC0, 0xDA, 0, 1, 0x61, 0xC0])
    list.add(
      "H6", "a key of 100 twice", "message.duplicate-key",
      [0xDE, 0, 101] + (0..<101).flatMap { [0xA1, UInt8($0 % 100), 0xC0] })
    list.add(
      "H6", "the data of an array twice", "message.duplicate-key",
      [0x85] + array([0], "|u1", [0x90]).dropFirst() + binary("data") + [0xC4, 1, 1])
    list.add(
      "H6", "keys that only Unicode calls equal", nil,
      map(("\u{E9}", [0xC0]), ("e\u{301}", [0xC0])))
    for (what, key) in [
      ("an integer", [1]), ("nil", [0xC0]), ("true", [0xC3]), ("a list", [0x90]), ("a map", [0x80]),
      ("an extension", [0xD4, 5, 0]), ("bytes", [0xC4, 1, 0x61]), ("no bytes", [0xC4, 0]),
    ] as [(String, [UInt8])] {
      list.add("H6", "\(what) as a key", "message.key", [0x81] + key + [0xC0])
    }
    return list.cases
  }()
}

// MARK: msgpack by hand

extension HostileCase {
  static func binary(_ text: String) -> [UInt8] { [0xC4, UInt8(text.utf8.count)] + text.utf8 }
  static func text(_ text: String) -> [UInt8] { [0xD9, UInt8(text.utf8.count)] + text.utf8 }

  static func map(_ pairs: (String, [UInt8])...) -> [UInt8] {
    [0x80 + UInt8(pairs.count)] + pairs.flatMap { text($0) + $1 }
  }

  /// An array as openpi-client packs it.
  ///
  /// - Parameter shape: as msgpack.
  static func array(
    _ data: [UInt8], _ dtype: String, _ shape: [UInt8], marker: [UInt8] = [0xC3]
  ) -> [UInt8] {
    let count = (0..<4).map { UInt8(truncatingIfNeeded: data.count >> (24 - 8 * $0)) }
    return [0x84] + binary("__ndarray__") + marker + binary("data") + [0xC6] + count + data
      + binary("dtype") + text(dtype) + binary("shape") + shape
  }

  /// What robots send, by the conventions of openpi and lerobot; the fuzzer starts from these.
  private static let observations: [(what: String, message: [UInt8])] = [
    (
      "LIBERO",
      map(
        ("observation/image", picture), ("observation/wrist_image", picture),
        ("observation/state", numbers("<f8", 8)),
        ("prompt", text("pick up the cup")))
    ),
    (
      "DROID",
      map(
        ("observation/exterior_image_1_left", picture), ("observation/wrist_image_left", picture),
        ("observation/joint_position", numbers("<f4", 7)),
        ("observation/gripper_position", numbers("<f4", 1)), ("prompt", text("pick up the cup")))
    ),
    (
      "ALOHA",
      map(
        ("state", numbers("<f8", 14)),
        (
          "images",
          map(
            ("cam_high", array(pixels, "|u1", [0x93, 3, 2, 2])),
            ("cam_left_wrist", array(pixels, "|u1", [0x93, 3, 2, 2])))
        ), ("prompt", array([0x61, 0, 0, 0], "<U1", [0x90])))
    ),
    (
      "lerobot",
      map(
        (
          "observation.images.top", array([UInt8](repeating: 0, count: 48), "<f4", [0x93, 3, 2, 2])
        ),
        ("observation.state", numbers("<f4", 6)), ("task", text("pick up the cup")))
    ),
  ]

  private static let pixels = [UInt8](repeating: 127, count: 12)
  private static let picture = array(pixels, "|u1", [0x93, 2, 2, 3])

  /// Zeros.
  private static func numbers(_ dtype: String, _ count: UInt8) -> [UInt8] {
    let size = dtype.hasSuffix("8") ? 8 : 4
    return array([UInt8](repeating: 0, count: Int(count) * size), dtype, [0x91, count])
  }

  private static let longForms: [UInt8] = [
    0xDD, 0, 0, 0, 9, 0xCF, 0, 0, 0, 0, 0, 0, 0, 1, 0xD3, 0, 0, 0, 0, 0, 0, 0, 1, 0xCA, 0, 0, 0, 0,
    0xDB, 0, 0, 0, 1, 0x61, 0xC6, 0, 0, 0, 1, 0, 0xDC, 0, 0, 0xDE, 0, 0, 0xDF, 0, 0, 0, 0, 0xD0, 0,
  ]

  private static let emptyArrays: [UInt8] = map(
    ("a", array([0, 0, 0x80, 0x3F], "<f4", [0x90])), ("b", array([], "<f4", [0x92, 0, 5])),
    ("c", array([], "|u1", [0x98, 0, 1, 1, 1, 1, 1, 1, 1])))
}
