extension HostileCase {
  /// H9: the maps that stand for arrays.
  static let arrayMaps: [HostileCase] = {
    var list = CaseList(.message)
    let sound = array([0], "|u1", [0x90])
    list.add("H9", "no marker, but the other keys", "message.key", [0x83] + sound.dropFirst(15))
    for marker in ["__ndarray__", "__npgeneric__"] {
      list.add("H9", "\(marker) as text", "message.array", map((marker, [0xC3])))
      list.add("H9", "\(marker) alone", "message.array", [0x81] + binary(marker) + [0xC3])
    }
    for (what, marker) in [("false", [0xC2]), ("1", [1]), ("nil", [0xC0])] as [(String, [UInt8])] {
      list.add(
        "H9", "\(what) as the marker", "message.array", array([0], "|u1", [0x90], marker: marker))
    }
    list.add(
      "H9", "both markers", "message.array",
      [0x85] + sound.dropFirst() + binary("__npgeneric__") + [0xC3])
    list.add(
      "H9", "a key more", "message.array", [0x85] + sound.dropFirst() + binary("strides") + [0x90])
    list.add(
      "H9", "a key of text more", "message.array",
      [0x85] + sound.dropFirst() + text("order") + text("F"))
    list.add("H9", "no shape", "message.array", [0x83] + sound.dropFirst().dropLast(8))
    for (what, data) in [
      ("text", text("a")), ("a list", [0x91, 0]), ("an integer", [0]), ("an array", sound),
    ] as [(String, [UInt8])] {
      list.add(
        "H9", "\(what) as the data", "message.array",
        [0x84] + binary("__ndarray__") + [0xC3] + binary("data") + data + binary("dtype")
          + text("|u1") + binary("shape") + [0x91, 1])
    }
    for (what, dtype) in [
      ("nil", [0xC0]), ("bytes", binary("|u1")), ("a list", [0x91] + text("|u1")),
      ("a map", [0x80]),
    ] as [(String, [UInt8])] {
      list.add(
        "H9", "\(what) as the dtype", "message.array",
        [0x84] + binary("__ndarray__") + [0xC3] + binary("data") + binary("a") + binary("dtype")
          + dtype + binary("shape") + [0x91, 1])
    }
    return list.cases
  }()

  /// H10: their types.
  static let arrayTypes: [HostileCase] = {
    var list = CaseList(.message)
    for (what, dtype, size) in [
      ("Python objects", "|O", 8), ("complex numbers", "<c8", 8), ("records", "|V4", 4),
      ("times", "<M8[ns]", 8), ("spans of time", "<m8[s]", 8), ("byte strings", "|S4", 4),
      ("floats of 128 bits", "<f16", 16), ("floats of a byte", "<f1", 1),
      ("integers of 3 bytes", "<i3", 3), ("booleans of 2 bytes", "|b2", 2),
      ("text of no characters", "<U0", 4), ("text of -1 characters", "<U-1", 4),
      ("text of 2^64 characters", "<U18446744073709551616", 4), ("no type", "", 4),
      ("a byte order alone", "<", 4), ("two byte orders", "<>f4", 4), ("a zero before", "<f04", 4),
      ("a plus sign", "<f+4", 4), ("a space behind", "<f4 ", 4), ("a structure", "i4,f4", 8),
      ("a type within an array", "(2,)i4", 8), ("a type of torch", "bfloat16", 2),
      ("a type with a NUL", "<f4\u{0}", 4), ("a size in Arabic digits", "<f\u{664}", 4),
    ] as [(String, String, Int)] {
      list.add(
        "H10", what, "message.dtype", array([UInt8](repeating: 0, count: size), dtype, [0x91, 1]))
    }
    return list.cases
  }()

  /// H11 and H12: their shapes and bytes.
  static let arrayShapes: [HostileCase] = {
    var list = CaseList(.message)
    let large: [UInt8] = [0xCF, 0x40, 0, 0, 0, 0, 0, 0, 0]
    for (what, shape) in [
      ("a negative extent", [0x91, 0xFF]), ("two negative extents", [0x92, 0xFF, 0xFF]),
      ("an extent of 2^64 - 1", [0x91, 0xCF] + [UInt8](repeating: 0xFF, count: 8)),
      ("a fraction", [0x91, 0xCB, 0x3F, 0xF8, 0, 0, 0, 0, 0, 0]), ("true", [0x91, 0xC3]),
      ("text", [0x91, 0xA1, 0x31]), ("a list in the list", [0x91, 0x91, 1]),
      ("nine", [0x99] + [UInt8](repeating: 1, count: 9)),
      ("a product that wraps to 0", [0x92] + large + [4]),
      ("a product that wraps to 2^62", [0x92] + large + [5]),
      ("a zero beside a product that overflows", [0x93, 0] + large + [4]),
      ("an integer for the list", [1]), ("nil for the list", [0xC0]),
    ] as [(String, [UInt8])] {
      list.add("H11", "\(what) as the shape", "message.shape", array([0], "|u1", shape))
    }
    list.add(
      "H11", "a product that overflows with the size", "message.shape",
      array([], "<f8", [0x91, 0xCF, 0x10, 0, 0, 0, 0, 0, 0, 0]))
    for (what, count, shape) in [
      ("a byte too few for three float32", 11, [0x91, 3]),
      ("a byte too many for three float32", 13, [0x91, 3]),
      ("none for three float32", 0, [0x91, 3]),
      ("eight bytes for a float32 without extents", 8, [0x90]),
      ("one byte for an array without elements", 1, [0x91, 0]),
      ("twelve bytes for 2^60", 12, [0x91, 0xCF, 4, 0, 0, 0, 0, 0, 0, 0]),
    ] as [(String, Int, [UInt8])] {
      list.add(
        "H12", what, "message.array-size",
        array([UInt8](repeating: 0, count: count), "<f4", shape))
    }
    return list.cases
  }()

  /// H13: NumPy's scalars.
  static let scalars: [HostileCase] = {
    var list = CaseList(.message)
    @Sendable func scalar(_ value: [UInt8], _ dtype: String) -> [UInt8] {
      [0x83] + binary("__npgeneric__") + [0xC3] + binary("data") + value + binary("dtype")
        + text(dtype)
    }
    for (what, value, dtype) in [
      ("256 as a uint8", [0xCD, 1, 0], "|u1"), ("-1 as a uint64", [0xFF], "<u8"),
      ("-129 as an int8", [0xD1, 0xFF, 0x7F], "|i1"),
      ("2^63 as an int64", [0xCF, 0x80, 0, 0, 0, 0, 0, 0, 0], "<i8"),
      ("1.5 as an int32", [0xCB, 0x3F, 0xF8, 0, 0, 0, 0, 0, 0], "<i4"),
      ("1 as a boolean", [1], "|b1"), ("true as a float", [0xC3], "<f4"),
      ("text as a float", [0xA1, 0x31], "<f4"), ("bytes as a float", [0xC4, 4, 0, 0, 0, 0], "<f4"),
      ("a list as a float", [0x91, 1], "<f4"), ("nil as a float", [0xC0], "<f4"),
      ("an array as a float", array([0], "|u1", [0x90]), "<f4"),
      ("text longer than its type", [0xA2, 0x61, 0x62], "<U1"),
    ] as [(String, [UInt8], String)] {
      list.add("H13", what, "message.scalar", scalar(value, dtype))
    }
    list.add("H13", "a scalar of objects", "message.dtype", scalar([1], "|O"))
    list.add(
      "H13", "a scalar with a shape", "message.array",
      [0x84] + scalar([1], "|u1").dropFirst() + binary("shape") + [0x90])
    return list.cases
  }()
}
