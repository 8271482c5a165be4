import DVLACompression
import DVLAHashing
import DVLAHostileCorpus
import DVLAJSON
import DVLAKernels
import DVLATensors
import Foundation
import Testing

@testable import DVLABundles

/// Bundles packed as small as they get: BF16 and F32 in planes with a window.
struct WindowTests {
  static let packing = BundlePacking.packed(smallest: true)

  /// Values of a kind as F32.
  static func values(_ count: Int, seed: UInt64, _ make: (() -> Double) -> Double) -> [Float] {
    var generator = Xorshift(seed: seed)
    return (0..<count).map { _ in
      Float(make { Double(generator.nextWord() >> 11) * 0x1p-53 + 0x1p-54 })
    }
  }

  static func normal(_ uniform: () -> Double) -> Double {
    (-2 * log(uniform())).squareRoot() * cos(2 * .pi * uniform())
  }

  static func bytes(_ values: [Float], _ dtype: DType) -> [UInt8] {
    values.flatMap { value in
      let bits = value.bitPattern
      let all = (0..<4).map { UInt8(truncatingIfNeeded: bits >> (8 * UInt32($0))) }
      return dtype == .bf16 ? Array(all[2...]) : all
    }
  }

  /// Weights of every kind, in both types.
  static func tensors() throws -> [TestTensor] {
    let count = 140_002
    let kinds: [(String, [Float])] = [
      ("normal", values(count, seed: 1) { 0.02 * normal($0) }),
      ("wide", values(count, seed: 2) { 3 * normal($0) }),
      ("tiny", values(count, seed: 3) { 1e-30 * normal($0) }),
      // Cauchy: values of every size.
      ("heavy", values(count, seed: 4) { 0.01 * tan(.pi * ($0() - 0.5)) }),
      ("even", values(count, seed: 5) { 0.1 * (2 * $0() - 1) }),
      ("zeros", [Float](repeating: 0, count: count)),
      ("one", [Float](repeating: -1.37, count: count)),
      ("pruned", values(count, seed: 6) { $0() < 0.7 ? 0 : 0.02 * normal($0) }),
      ("rarely-zero", values(count, seed: 7) { $0() < 1e-4 ? 0 : 0.02 * normal($0) }),
      ("steps", values(count, seed: 8) { (16 * $0()).rounded(.down) * 0.0071 }),
      (
        "special",
        values(count, seed: 9) { uniform in
          let special = [
            Double.nan, .infinity, -.infinity, 1e-40, -1e-39, -0.0, 3e38, -2e-38,
          ]
          let drawn = Int(uniform() * 1600)
          return drawn < special.count ? special[drawn] : 0.02 * normal(uniform)
        }
      ),
    ]
    var tensors: [TestTensor] = []
    for (name, values) in kinds {
      for dtype in [DType.bf16, .f32] {
        tensors.append(
          try TestTensor("\(name).\(dtype)", dtype, [count], bytes: bytes(values, dtype)))
        for few in [1, 2, 3, 4, 5, 31, 67, 1152] {
          tensors.append(
            try TestTensor(
              "\(name).\(dtype).\(few)", dtype, [few],
              bytes: bytes(Array(values.prefix(few)), dtype)))
        }
      }
    }
    return tensors
  }

  @Test func everyTensorComesBackAndNoneIsLarger() throws {
    let folder = try TemporaryFolder()
    let tensors = try Self.tensors()
    try writeBundle(tensors, to: folder("a"), packing: Self.packing, threads: 2)
    try writeBundle(tensors, to: folder("b"), packing: .packed(smallest: false), threads: 2)
    let (bundle, other) = try (WeightBundle(path: folder("a")), WeightBundle(path: folder("b")))
    #expect(try bundle.verify(threads: 2).isIntact)
    for tensor in tensors {
      let name = tensor.info.name
      #expect(try bundle.bytes(of: name) == tensor.bytes, "\(name)")
      let (smallest, packed) = (bundle.tensor(name), other.tensor(name))
      #expect(smallest?.planes == .smallest(for: tensor.info.dtype))
      for (a, b) in zip(smallest?.chunks ?? [], packed?.chunks ?? []) {
        #expect(a.storedRange.count <= b.storedRange.count, "\(name)")
      }
    }
  }

  /// By how much, of weights that are normally distributed.
  @Test func theMantissaGivesAHundredthOfBFloat16() throws {
    let folder = try TemporaryFolder()
    let values = Self.values(262_144, seed: 12) { 0.02 * Self.normal($0) }
    for (dtype, bounds) in [(DType.bf16, 1.515...1.529), (.f32, 1.204...1.209)] {
      let bytes = Self.bytes(values, dtype)
      try writeBundle(
        [try TestTensor("w", dtype, [262_144], bytes: bytes)], to: folder("a"),
        packing: Self.packing)
      let tensor = try #require(try WeightBundle(path: folder("a")).tensor("w"))
      #expect(bounds.contains(Double(bytes.count) / Double(tensor.storedRange.count)))
    }
  }

  @Test func nonFiniteValuesAreFoundInMarkedChunks() throws {
    let folder = try TemporaryFolder()
    var values = Self.values(200_000, seed: 13) { 0.02 * Self.normal($0) }
    values[140_000] = .infinity
    values[150_000] = .nan
    for dtype in [DType.bf16, .f32] {
      try writeBundle(
        [try TestTensor("w", dtype, [200_000], bytes: Self.bytes(values, dtype))],
        to: folder("a"), packing: Self.packing)
      let found = try WeightBundle(path: folder("a")).verify(threads: 1)
      #expect(found.isIntact)
      #expect(found.nonFinite.map(\.nanCount) == [1])
      #expect(found.nonFinite.map(\.infinityCount) == [1])
      #expect(found.nonFinite.map(\.first) == [140_000])
    }
  }

  @Test(.enabled(if: OtherProgramsTests.hasPython)) func thePythonReaderReadsThem() throws {
    let folder = try TemporaryFolder()
    let tensors = try Self.tensors()
    try writeBundle(tensors, to: folder("a"), packing: Self.packing, threads: 2)
    let result = run([OtherProgramsTests.python, OtherProgramsTests.reader, folder("a")])
    #expect(result.status == 0, "\(result.error)")
    let expected = tensors.map { tensor in
      "\(SHA256.hash(tensor.bytes)) \(tensor.info.dtype.rawValue) \(tensor.info.shape)"
        + " \(tensor.info.name)"
    }
    #expect(Array(result.lines.dropLast()) == expected)
  }

  /// Marked frames are frames like any other: the command passes over the mark.
  @Test(.enabled(if: OtherProgramsTests.hasZstd)) func theZstdCommandOpensThem() throws {
    let folder = try TemporaryFolder()
    let values = Self.values(140_000, seed: 15) { 0.02 * Self.normal($0) }
    let bytes = Self.bytes(values, .bf16)
    try writeBundle(
      [try TestTensor("w", .bf16, [values.count], bytes: bytes)], to: folder("a"),
      packing: Self.packing)
    let tensor = try #require(try WeightBundle(path: folder("a")).tensor("w"))
    try folder.write(Array(try folder.bytes(of: "a")[tensor.storedRange]), to: "w.zst")
    let result = run(["zstd", "-q", "-d", folder("w.zst")])
    #expect(result.status == 0, "\(result.error)")
    var planes: [UInt8] = []
    for chunk in tensor.chunks {
      var part = Array(bytes[chunk.byteRange])
      var span = part.mutableSpan
      var target = unsafe span.mutableBytes
      unsafe WindowPlanes.split(
        bytes.span.bytes.extracting(chunk.byteRange), width: 2, into: &target)
      planes += part
    }
    #expect(try folder.bytes(of: "w") == planes)
  }

  /// Whoever makes a frame by hand can mark any content: it is read as the words it is.
  @Test func aMarkedFrameOfAnyContentIsRead() throws {
    var random = Xorshift(seed: 14)
    for (dtype, width) in [("BF16", 2), ("F32", 4)] {
      for count in [1, 5, 64, 1031] {
        let words = (0..<count * width).map { _ in random.next() }
        var content = words
        var span = content.mutableSpan
        var planes = unsafe span.mutableBytes
        unsafe WindowPlanes.split(words.span.bytes, width: width, into: &planes)
        var frame: [UInt8] = []
        try ZstdCompressor().compress(
          unsafe content.span.bytes, runs: [FrameRun(byteCount: content.count)],
          startsEmpty: true, appendingTo: &frame)
        var bundle = try OpenedBundle.oneFrame()
        bundle.set("dtype", .string(dtype))
        bundle.set("shape", [.integer(Int64(count))])
        bundle.set("planes", .string("window6-planes\(width)"))
        bundle.store(frame)
        let folder = try TemporaryFolder()
        let opened = try WeightBundle(path: folder.write(bundle.bytes(), to: "a"))
        #expect(try opened.verify(threads: 1).isIntact)
        #expect(try opened.bytes(of: "t") == words)
      }
    }
  }
}
