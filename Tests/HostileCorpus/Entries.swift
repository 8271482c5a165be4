extension HostileCase {
  /// C: one entry of a header.
  static let entries: [HostileCase] = {
    var list = CaseList(.safetensors)
    func add(
      _ group: String, _ what: String, _ code: String?, _ members: String..., data: Int,
      upstreamTakesIt: Bool? = nil
    ) {
      list.add(
        group, what, code, upstreamTakesIt: upstreamTakesIt,
        safetensors("{" + members.joined(separator: ",") + "}", data: data))
    }
    for (what, dtype) in [
      ("unknown", "F33"), ("in small letters", "f32"), ("empty", ""), ("with a space", "F32 "),
      ("of another library", "float32"),
    ] {
      add(
        "C1", "a dtype that is \(what)", "safetensors.dtype-unknown",
        member("a", dtype, "[1]", "[0,4]"), data: 4)
    }
    for (what, dtype) in [("a number", "1"), ("null", "null"), ("an array", "[]")] {
      add(
        "C1", "\(what) as the dtype", "safetensors.dtype-type",
        #""a":{"dtype":\#(dtype),"shape":[],"data_offsets":[0,4]}"#, data: 4)
    }
    add("C2", "elements of four bits", nil, member("a", "F4", "[8]", "[0,4]"), data: 4)
    add("C2", "complex numbers", nil, member("a", "C64", "[1]", "[0,8]"), data: 8)
    for (what, literal) in [
      ("2.0", "2.0"), ("2e0", "2e0"), ("a string", "\"2\""), ("null", "null"), ("true", "true"),
      ("-2", "-2"), ("-0", "-0"), ("2^63", "9223372036854775808"),
      ("2^53 + 1 as a float", "9007199254740993.0"),
      ("an array", "[2]"),
    ] {
      let code = what == "an array" ? "json.depth" : nil
      add(
        "C3", "an extent of \(what)", code ?? "safetensors.extent",
        member("a", "F32", "[1,\(literal)]", "[0,8]"), data: 8)
      add(
        "C3", "an offset of \(what)", code ?? "safetensors.offset",
        member("a", "F32", "[2]", "[0,\(literal)]"), data: 8)
    }
    add(
      "C3", "an extent of 2^64", "json.integer-range",
      member("a", "F32", "[18446744073709551616]", "[0,0]"), data: 0)
    add(
      "C3", "an offset of 2^64", "json.integer-range",
      member("a", "F32", "[1]", "[0,18446744073709551616]"), data: 4)
    for (what, shape) in [
      ("a number", "4"), ("null", "null"), ("an object", "{}"), ("a string", "\"4\""),
    ] {
      add(
        "C3", "\(what) as the shape", "safetensors.shape-type", member("a", "F32", shape, "[0,4]"),
        data: 4)
    }
    add(
      "C4", "two negative extents", "safetensors.extent", member("a", "F32", "[-2,-2]", "[0,16]"),
      data: 16)
    let overflow = "safetensors.size-overflow"
    add(
      "C5", "a product that wraps to 0", overflow,
      member("a", "U8", "[4294967296,4294967296]", "[0,0]"), data: 0)
    add(
      "C5", "a product that wraps to 0, of three", overflow,
      member("a", "U8", "[4194304,4194304,1048576]", "[0,0]"), data: 0)
    add(
      "C6", "a product that wraps to the right size", overflow,
      member("a", "U8", "[4611686018427387905,4]", "[0,4]"), data: 4)
    add(
      "C6", "a product of odd numbers that wraps to 1", overflow,
      member("a", "U8", "[6700417,641,4294967295]", "[0,1]"), data: 1)
    add(
      "C7", "elements that fit and bits that do not", overflow,
      member("a", "F64", "[1152921504606846976]", "[0,0]"), data: 0)
    add(
      "C7", "elements that fit and bytes that do not", overflow,
      member("a", "BF16", "[4611686018427387904]", "[0,0]"), data: 0)
    add(
      "C7", "three elements of four bits", "safetensors.partial-byte",
      member("a", "F4", "[3]", "[0,2]"), data: 2)
    add(
      "C7", "two elements of six bits", "safetensors.partial-byte",
      member("a", "F6_E2M3", "[2]", "[0,2]"), data: 2)
    add(
      "C8", "a zero before extents that overflow", nil,
      member("a", "F32", "[0,4294967296,4294967296]", "[0,0]"), data: 0)
    add(
      "C8", "a zero behind extents that overflow", nil,
      member("a", "F32", "[4294967296,4294967296,0]", "[0,0]"), data: 0, upstreamTakesIt: false)
    add("C9", "no axis", nil, member("a", "F32", "[]", "[0,4]"), data: 4)
    add("C9", "eight axes", nil, member("a", "F32", "[1,1,1,1,1,1,1,1]", "[0,4]"), data: 4)
    add(
      "C9", "nine axes", "safetensors.rank", member("a", "F32", "[1,1,1,1,1,1,1,1,1]", "[0,4]"),
      data: 4, upstreamTakesIt: true)
    add(
      "C9", "100 000 axes", "safetensors.rank",
      member(
        "a", "U8", "[" + Array(repeating: "1", count: 100_000).joined(separator: ",") + "]", "[0,1]"
      ), data: 1, upstreamTakesIt: true)
    add("C10", "a tensor without elements", nil, member("a", "F32", "[0]", "[0,0]"), data: 0)
    add(
      "C10", "three of them at one place", nil, member("a", "F32", "[0]", "[0,0]"),
      member("b", "F32", "[0]", "[0,0]"), member("c", "F32", "[2,0]", "[0,0]"), data: 0)
    add(
      "C10", "one between two others", nil, member("a", "F32", "[1]", "[0,4]"),
      member("b", "F32", "[0]", "[4,4]"), member("c", "F32", "[1]", "[4,8]"), data: 8)
    for (what, offsets) in [
      ("no offset", "[]"), ("one offset", "[4]"), ("three offsets", "[0,4,4]"), ("an object", "{}"),
      ("null", "null"), ("a number", "4"),
    ] {
      add(
        "C11", what + " for data_offsets", "safetensors.offsets-type",
        member("a", "F32", "[1]", offsets), data: 4)
    }
    add(
      "C11", "offsets that are reversed", "safetensors.offsets-reversed",
      member("a", "F32", "[1]", "[4,0]"), data: 4)
    add(
      "C11", "a negative offset", "safetensors.offset", member("a", "F32", "[1]", "[-4,0]"), data: 4
    )
    add(
      "C11", "an offset near 2^64", "safetensors.offset",
      member("a", "U8", "[2]", "[18446744073709551614,0]"), data: 4)
    return list.cases
  }()

  /// C: how the entries lie in the data.
  static let arrangements: [HostileCase] = {
    var list = CaseList(.safetensors)
    func add(
      _ group: String, _ what: String, _ code: String?, _ members: String..., data: Int,
      upstreamTakesIt: Bool? = nil
    ) {
      list.add(
        group, what, code, upstreamTakesIt: upstreamTakesIt,
        safetensors("{" + members.joined(separator: ",") + "}", data: data))
    }
    let hole = "safetensors.hole"
    let overlap = "safetensors.overlap"
    let size = "safetensors.size-mismatch"
    add(
      "C11", "a range behind the end", "safetensors.past-end",
      member("a", "F32", "[1]", "[100,104]"), data: 4)
    add(
      "C12", "a range that wraps back into the file", "safetensors.past-end",
      member("a", "U8", "[7]", "[9223372036854775800,9223372036854775807]"), data: 4)
    add(
      "C13", "two tensors in one place", overlap, member("a", "F32", "[1]", "[0,4]"),
      member("b", "F32", "[1]", "[0,4]"), data: 4)
    add(
      "C13", "two tensors that share a byte", overlap, member("a", "F32", "[1]", "[0,4]"),
      member("b", "F32", "[1]", "[3,7]"), data: 7)
    add(
      "C13", "a tensor inside another", overlap, member("a", "F32", "[4]", "[0,16]"),
      member("b", "F32", "[1]", "[4,8]"), data: 16)
    add(
      "C13", "a tensor without elements inside another", overlap,
      member("a", "F32", "[1]", "[0,4]"), member("b", "F32", "[0]", "[2,2]"), data: 4)
    add("C13", "a hole at the start", hole, member("a", "F32", "[1]", "[4,8]"), data: 8)
    add(
      "C13", "a hole in the middle", hole, member("a", "F32", "[1]", "[0,4]"),
      member("b", "F32", "[1]", "[5,9]"), data: 9)
    add(
      "C13", "a hole at the end", "safetensors.trailing-bytes", member("a", "F32", "[1]", "[0,4]"),
      data: 6)
    add("C13", "data and no tensor", "safetensors.trailing-bytes", #""__metadata__":{}"#, data: 6)
    for (what, end) in [
      ("a byte less", 15), ("a byte more", 17), ("an element less", 12), ("an element more", 20),
      ("nothing", 0),
    ] {
      add(
        "C14", "\(what) than the shape needs", size, member("a", "F32", "[2,2]", "[0,\(end)]"),
        data: end)
    }
    add("C14", "the bytes of another dtype", size, member("a", "BF16", "[4]", "[0,16]"), data: 16)
    add(
      "C15", "a file one byte short", "safetensors.truncated", member("a", "F32", "[2]", "[0,8]"),
      data: 7)
    add(
      "C15", "a file one byte long", "safetensors.trailing-bytes",
      member("a", "F32", "[2]", "[0,8]"), data: 9)
    let share: UInt64 = (1 << 60) - 1
    func shareMember(_ index: UInt64) -> String {
      member("t\(index)", "U8", "[\(share)]", "[\(index * share),\((index + 1) * share)]")
    }
    add(
      "C16", "sizes whose sum is near 2^63", "safetensors.truncated",
      (0..<8).map { shareMember($0) }.joined(separator: ","), data: 4)
    add(
      "C16", "sizes whose sum passes 2^63", "safetensors.offset",
      (0..<9).map { shareMember($0) }.joined(separator: ","), data: 4)
    add(
      "C17", "a float at an odd place", nil, member("a", "U8", "[1]", "[0,1]"),
      member("b", "F32", "[1]", "[1,5]"), data: 5)
    list.add(
      "C17", "data that start at an odd place", nil,
      safetensors(
        "{" + member("a", "F32", "[1]", "[0,4]") + "}"
          + (member("a", "F32", "[1]", "[0,4]").utf8.count % 2 == 0 ? " " : ""), data: 4))
    add(
      "C18", "entries in another order than their data", nil, member("b", "F32", "[1]", "[4,8]"),
      member("a", "F32", "[1]", "[0,4]"), data: 8)
    return list.cases
  }()
}
