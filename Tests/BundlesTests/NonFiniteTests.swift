import DVLABundles
import DVLADiagnostics
import DVLATensors
import Testing

/// A verification finds NaN and infinity among the values of sound chunks.
struct NonFiniteTests {
  /// The bits of a type's infinity.
  static func infinity(_ dtype: DType) -> [UInt8] {
    switch dtype {
    case .f32: [0, 0, 0x80, 0x7F]
    case .bf16: [0x80, 0x7F]
    default: [0, 0x7C]
    }
  }

  /// Its largest finite number: the next lower bits.
  static func largest(_ dtype: DType) -> [UInt8] {
    switch dtype {
    case .f32: [0xFF, 0xFF, 0x7F, 0x7F]
    case .bf16: [0x7F, 0x7F]
    default: [0xFF, 0x7B]
    }
  }

  @Test(
    arguments: [DType.f32, .bf16, .f16],
    [BundlePacking.packed(smallest: false), .packed(smallest: true), .store])
  func theyAreCountedWhereverTheyAre(dtype: DType, packing: BundlePacking) throws {
    let folder = try TemporaryFolder()
    let width = try #require(dtype.byteWidth)
    let perChunk = BundleLayout.chunkByteCount / width
    let count = 2 * perChunk + 100
    var bytes = try TestTensor("x", dtype, [count]).bytes
    func set(_ element: Int, _ value: [UInt8], negative: Bool = false, payload: UInt8 = 0) {
      var value = value
      value[0] |= payload
      if negative { value[width - 1] |= 0x80 }
      bytes.replaceSubrange(element * width..<(element + 1) * width, with: value)
    }
    let infinity = Self.infinity(dtype)
    let sound = try TestTensor("sound", dtype, [count], bytes: bytes)
    set(0, Self.largest(dtype))
    set(count - 1, Self.largest(dtype), negative: true)
    let finite = try TestTensor("finite", dtype, [count], bytes: bytes)
    set(perChunk - 1, infinity)
    set(perChunk, infinity, negative: true)
    set(2 * perChunk + 7, infinity, payload: 1)
    let spoilt = try TestTensor("spoilt", dtype, [count], bytes: bytes)
    let unused = try TestTensor("unused.spoilt", dtype, [count], bytes: bytes)
    set(perChunk - 1, Self.largest(dtype))
    set(perChunk, Self.largest(dtype))
    set(count - 1, infinity, negative: true, payload: 0x40)
    let late = try TestTensor("late", dtype, [count], bytes: bytes)
    try writeBundle([sound, finite, spoilt, late, unused], to: folder("b"), packing: packing)

    for threads in [1, 3] {
      let found = try WeightBundle(path: folder("b")).verify(threads: threads)
      #expect(found.isIntact)
      #expect(found.nonFinite.map(\.tensor) == ["spoilt", "late"])
      #expect(found.nonFinite.map(\.nanCount) == [1, 2])
      #expect(found.nonFinite.map(\.infinityCount) == [2, 0])
      #expect(found.nonFinite.map(\.first) == [perChunk - 1, 2 * perChunk + 7])
    }
  }

  /// Other types have no such values, whatever their bits.
  @Test func integersAreFinite() throws {
    let folder = try TemporaryFolder()
    let bytes = [UInt8](repeating: 0xFF, count: 64)
    try writeBundle(
      [.i8, .i16, .i32, .f8E4M3].map { dtype in
        try TestTensor("\(dtype)", dtype, [64 * 8 / dtype.bitWidth], bytes: bytes)
      }, to: folder("b"))
    #expect(try WeightBundle(path: folder("b")).verify(threads: 1).nonFinite.isEmpty)
  }

  @Test func theErrorIsOneLineThatSaysWhichAndWhere() throws {
    let folder = try TemporaryFolder()
    try writeBundle(
      [try TestTensor("t", .bf16, [3], bytes: [0, 0, 0x81, 0x7F, 0x80, 0xFF])], to: folder("b"))
    let found = try WeightBundle(path: folder("b")).verify(threads: 1).nonFinite
    let error = try #require(found.first).error(in: folder("b"))
    #expect(error.code == .bundleNonFinite)
    #expect(error.kind == .checkFailed)
    #expect(
      error.description
        == "\(folder("b")): tensor \"t\": has 1 NaN and 1 infinite values, the first at element 1; "
        + "all values must be finite")
  }
}
