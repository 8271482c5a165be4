import DVLADiagnostics
import DVLATensors
import Synchronization
import Testing

/// Tensors whose bytes follow from their places, and that fail where a test says so.
private final class CountedSource: TensorSource {
  let tensors: [TensorInfo]
  /// Bytes that cannot be read, by tensor.
  private let damaged: [TensorName: [Int]]
  private let resident: [TensorName: TensorBytes]
  /// Bytes that were read, and those that were checked where they are.
  let read = Mutex(0)
  let checked = Mutex(0)

  init(
    _ byteCounts: [Int], damaged: [TensorName: [Int]] = [:], resident: Bool = false
  ) throws {
    tensors = try byteCounts.enumerated().map { index, count in
      try #require(TensorInfo(name: TensorName("t\(index)"), dtype: .u8, shape: [count]))
    }
    self.damaged = damaged
    var bytes: [TensorName: TensorBytes] = [:]
    for info in tensors where resident {
      let memory = try TensorBytes(byteCount: info.byteCount)
      memory.withMutableBytes(in: 0..<info.byteCount) { Self.fill(&$0, from: 0) }
      bytes[info.name] = memory
    }
    self.resident = bytes
  }

  func info(of name: TensorName) -> TensorInfo? { tensors.first { $0.name == name } }

  func read(
    _ name: TensorName, at offset: Int, into destination: inout MutableRawSpan
  ) throws(WeightsError) {
    try refuseDamage(of: name, in: offset..<offset + destination.byteCount)
    let count = destination.byteCount
    read.withLock { $0 += count }
    Self.fill(&destination, from: offset)
  }

  func residentBytes(of name: TensorName) -> TensorBytes? { resident[name] }

  func check(_ name: TensorName, in range: Range<Int>) throws(WeightsError) {
    try refuseDamage(of: name, in: range)
    checked.withLock { $0 += range.count }
  }

  private func refuseDamage(of name: TensorName, in range: Range<Int>) throws(WeightsError) {
    guard let byte = damaged[name]?.first(where: range.contains) else { return }
    throw WeightsError(WeightsError.Code("test.damage"), "byte \(byte)")
  }

  static func fill(_ bytes: inout MutableRawSpan, from offset: Int) {
    for index in 0..<bytes.byteCount {
      bytes.storeBytes(of: byte(at: offset + index), toByteOffset: index, as: UInt8.self)
    }
  }

  static func byte(at place: Int) -> UInt8 { UInt8(truncatingIfNeeded: place &* 31 &+ place >> 16) }
}

@Suite struct TensorLoaderTests {
  private static let sizes = [(4 << 20) + 9, 0, 5, (2 << 20) + 1]

  private func isRight(_ bytes: TensorBytes, _ info: TensorInfo) -> Bool {
    guard bytes.byteCount == info.byteCount else { return false }
    return bytes.withBytes { span in
      // Samples, at least one in each kilobyte.
      stride(from: 0, to: span.byteCount, by: 977).allSatisfy {
        unsafe span.unsafeLoad(fromByteOffset: $0, as: UInt8.self) == CountedSource.byte(at: $0)
      }
    }
  }

  @Test(arguments: [1, 3]) func handsTensorsOverInTheOrderGiven(threads: Int) throws {
    let source = try CountedSource(Self.sizes)
    let order = [2, 0, 1, 3, 0].map { source.tensors[$0] }
    var found: [Int] = []
    try TensorLoader(source).load(order, threads: threads) { index, bytes in
      #expect(isRight(bytes, order[index]))
      found.append(index)
    }
    #expect(found == [0, 1, 2, 3, 4])
  }

  @Test func loadsOneTensorOnTheThreadsOfTheCaller() throws {
    let source = try CountedSource(Self.sizes)
    for info in source.tensors {
      #expect(isRight(try TensorLoader(source).load(info), info))
      let pieces = Mutex(0)
      let bytes = try TensorLoader(source).load(info) { count, body in
        // From the last to the first: the order is the caller's choice.
        for piece in (0..<count).reversed() { body(piece) }
        pieces.withLock { $0 = count }
      }
      #expect(isRight(bytes, info))
      #expect(pieces.withLock { $0 } == (info.byteCount + (2 << 20) - 1) >> 21)
    }
  }

  @Test func checksBytesInMemoryWhereTheyAre() throws {
    let source = try CountedSource(Self.sizes, resident: true)
    try TensorLoader(source).load(source.tensors, threads: 2) { index, bytes in
      #expect(bytes === source.residentBytes(of: source.tensors[index].name))
    }
    for info in source.tensors { _ = try TensorLoader(source).load(info) }
    #expect(source.read.withLock { $0 } == 0)
    #expect(source.checked.withLock { $0 } == 2 * Self.sizes.reduce(0, +))
  }

  @Test(arguments: [false, true]) func theFirstErrorInTheOrderOfBytesEndsIt(resident: Bool) throws {
    let source = try CountedSource(
      Self.sizes, damaged: ["t0": [(4 << 20) + 7, (2 << 20) + 3], "t3": [0]], resident: resident)
    let loader = TensorLoader(source)
    for threads in [1, 3] {
      var found: [Int] = []
      let error = #expect(throws: WeightsError.self) {
        try loader.load(source.tensors.reversed(), threads: threads) { index, _ in
          found.append(index)
        }
      }
      #expect(error?.message == "byte 0")
      #expect(found.isEmpty)
    }
    let error = #expect(throws: WeightsError.self) {
      try loader.load(source.tensors[0]) { count, body in
        for piece in (0..<count).reversed() { body(piece) }
      }
    }
    #expect(error?.message == "byte \((2 << 20) + 3)")
  }

  @Test func namesTensorAndFileWhereThereIsNoMemory() throws {
    let source = try CountedSource([1 << 59])
    let error = #expect(throws: WeightsError(.tensorMemory, "")) {
      try TensorLoader(source, file: "b").load(source.tensors[0])
    }
    #expect(error?.file == "b")
    #expect(error?.tensor == "t0")
  }
}
