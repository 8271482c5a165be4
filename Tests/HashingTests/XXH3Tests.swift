import Testing

@testable import DVLAHashing

/// Expected numbers: `xxh3_64_intdigest` of Python's xxhash 4.1.0, over the bytes
/// `i * i + 7 * i >> 3`.
struct XXH3Tests {
  static let expected: [(count: Int, hash: UInt64)] = [
    (0, 0x2d06_8005_38d3_94c2), (1, 0xc44b_dff4_074e_ecdb), (3, 0x5f42_99fc_161c_9cbb),
    (8, 0x64d2_d7af_49d6_06ee), (16, 0xe71c_f236_11c4_af79), (17, 0xd2b9_44b5_26ab_d541),
    (128, 0xe08f_c82e_2839_9db0), (129, 0x25a9_714a_a6f5_36ca), (240, 0xd42e_db10_e2c6_bfc8),
    (241, 0x712d_30d4_b709_f6a1), (1024, 0xe476_532b_7605_e1d2), (1025, 0x152f_70f8_905b_4b4d),
    (262144, 0xd591_74c5_704b_4066), (262163, 0x23b9_ff61_cfcc_6781),
  ]

  static func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: ($0 * $0 + 7 * $0) >> 3) }
  }

  @Test(arguments: expected) func isWhatThePythonPackageComputes(count: Int, hash: UInt64) {
    let bytes = Self.bytes(count)
    #expect(XXH3.hash(bytes) == hash)
    #expect(unsafe XXH3.portableHash(bytes.span.bytes) == hash)
  }

  @Test(arguments: [1, 5, 19, 128, 131_072]) func piecesHashAsTheWhole(cut: Int) {
    let bytes = Self.bytes(262_163)
    let (head, tail) = (Array(bytes.prefix(cut)), Array(bytes.dropFirst(cut)))
    let half = tail.count / 2
    // a: the head and the end; b: what is between.
    let a = head + tail[half...]
    let found = unsafe XXH3.hash(
      [0..<cut, 0..<half, cut..<a.count], ofOne: a.span.bytes, andOther: tail.span.bytes)
    #expect(found == XXH3.hash(bytes))
    #expect(found == Self.expected.last?.hash)
  }
}
