public import DVLADiagnostics
import DVLARemapping
import DVLATensors
import Synchronization

/// Reads one tensor of a layout, any range of its elements: cut and joined from the tensors of a
/// source, or drawn.
///
/// Cuts and joins are read where they lie. A transform that reorders elements holds its output in
/// memory, up to a limit.
final class TensorReader: Sendable {
  /// An input of a transform, and where it is read.
  private typealias Input = (source: any TensorSource, info: TensorInfo)

  let dtype: DType
  private let content: Content

  private enum Content: Sendable {
    case segments([Segment], starts: [Int], inputs: [Input])
    case whole([UInt8])
    case drawn(InitialGenerator)
  }

  /// A tensor whose elements are reordered must fit this many bytes.
  private static let wholeByteLimit = 128 << 20

  /// A tensor of a plan in its own type; drawn tensors are F32.
  ///
  /// - Parameters:
  ///   - sources: the plan's sources, by index.
  ///   - seed: of the tensors that no source has.
  /// - Throws: `remap.dtype` when its inputs differ in dtype, `remap.too-large`, `tensor.unknown`
  ///   for an input that the source lacks; what reading throws.
  convenience init(
    _ planned: PlannedTensor, sources: [any TensorSource], seed: UInt64
  ) throws(WeightsError) {
    switch planned.origin {
    case .initialised(let value, _):
      self.init(drawn: InitialGenerator(value, seed: seed, name: planned.name))
    case .source(let index, let inputs, let transform, let output):
      try self.init(inputs, of: sources[index], transform, output: output)
    }
  }

  /// One output of a transform of a source's tensors.
  ///
  /// - Throws: `remap.dtype` when the inputs differ in dtype, `remap.too-large`, `tensor.unknown`
  ///   for an input that the source lacks; what reading throws.
  convenience init(
    _ names: [TensorName], of source: any TensorSource, _ transform: Transform, output: Int
  ) throws(WeightsError) {
    var inputs: [Input] = []
    for name in names {
      guard let info = source.info(of: name) else {
        throw WeightsError(.unknownTensor, tensor: name.string, "no such tensor")
      }
      inputs.append((source, info))
    }
    try self.init(inputs: inputs, transform: transform, output: output)
  }

  private init(drawn generator: InitialGenerator) {
    dtype = .f32
    content = .drawn(generator)
  }

  private init(inputs: [Input], transform: Transform, output: Int) throws(WeightsError) {
    let shape = transform.outputs[output]
    dtype = inputs[0].info.dtype
    for input in inputs where input.info.dtype != dtype {
      throw WeightsError(
        .remapDType, tensor: input.info.name.string,
        "is \(input.info.dtype.rawValue), but \(inputs[0].info.name.string.quoted), which it is joined "
          + "with, is \(dtype.rawValue)")
    }
    if shape.elementCount == 0 {
      // The other extents may be anything, so nothing is computed from them.
      content = .whole([])
    } else if transform.isSegmented {
      let segments = transform.segments()[output]
      var start = 0
      content = .segments(
        segments,
        starts: segments.map { segment in
          defer { start += segment.count }
          return start
        }, inputs: inputs)
    } else {
      guard dtype.byteWidth != nil else { throw Self.narrow(dtype) }
      let total = inputs.reduce(0) { $0 + $1.info.byteCount }
      guard total <= Self.wholeByteLimit else {
        throw WeightsError(
          .remapTooLarge, .unavailable, tensor: inputs[0].info.name.string,
          "reordering its elements takes \(total) bytes of memory; the limit is "
            + "\(Self.wholeByteLimit)")
      }
      var tensors: [[UInt8]] = []
      for input in inputs { tensors.append(try input.source.bytes(of: input.info.name)) }
      content = .whole(
        try transform.materialised(tensors, dtype: dtype, output: output))
    }
  }

  /// Fills `destination` with the elements of the range, as stored: little-endian, row-major.
  func read(_ range: Range<Int>, into destination: inout MutableRawSpan) throws(WeightsError) {
    guard let width = dtype.byteWidth else { throw Self.narrow(dtype) }
    switch content {
    case .drawn(let generator): generator.fill(from: range.lowerBound, &destination)
    case .whole(let bytes):
      destination.copy(from: bytes, at: range.lowerBound * width)
    case .segments(let segments, let starts, let inputs):
      var position = range.lowerBound
      var index = Self.lastIndex(in: starts, notAbove: position)
      while position < range.upperBound {
        let segment = segments[index]
        let skipped = position - starts[index]
        let count = min(segment.count - skipped, range.upperBound - position)
        let first = (position - range.lowerBound) * width
        var part = destination._mutatingExtracting(first..<first + count * width)
        let input = inputs[segment.input]
        do throws(WeightsError) {
          try input.source.read(
            input.info.name, at: (segment.offset + skipped) * width, into: &part)
        } catch { throw error.inTensor(input.info.name.string) }
        position += count
        index += 1
      }
    }
  }

  private static func narrow(_ dtype: DType) -> WeightsError {
    WeightsError(.remapDType, "\(dtype.rawValue) elements are narrower than a byte")
  }

  private static func lastIndex(in starts: [Int], notAbove position: Int) -> Int {
    var low = 0
    var high = starts.count
    while high - low > 1 {
      let middle = (low + high) / 2
      if starts[middle] <= position { low = middle } else { high = middle }
    }
    return low
  }
}

/// The readers of the tensors in work, shared by threads and made when first needed. Few are kept:
/// tensors are worked on in order, and a reader may hold its whole tensor.
final class TensorReaders: Sendable {
  private let recent = Mutex<[(tensor: Int, reader: TensorReader)]>([])
  private let make: @Sendable (_ tensor: Int) throws(WeightsError) -> TensorReader
  private static let keptCount = 2

  init(_ make: @escaping @Sendable (_ tensor: Int) throws(WeightsError) -> TensorReader) {
    self.make = make
  }

  /// The reader of a tensor. The lock is held while one is made: the other threads want the same
  /// reader, and each copy may hold the whole tensor.
  func reader(for tensor: Int) throws(WeightsError) -> TensorReader {
    try recent.withLock { (recent) throws(WeightsError) in
      if let known = recent.first(where: { $0.tensor == tensor }) { return known.reader }
      if recent.count == Self.keptCount { recent.removeFirst() }
      let reader = try make(tensor)
      recent.append((tensor, reader))
      return reader
    }
  }
}

extension Transform {
  /// One output of the transform with its elements in memory.
  ///
  /// - Parameter inputs: the bytes of the inputs, whole.
  /// - Throws: `remap.dtype` when positions are to be folded in another type than F32.
  fileprivate func materialised(
    _ inputs: [[UInt8]], dtype: DType, output: Int
  ) throws(WeightsError) -> [UInt8] {
    let width = dtype.byteWidth ?? 1
    var tensors = inputs
    var shapes = self.inputs
    for step in steps {
      switch step {
      case .reshape: break
      case .split, .concatenate:
        let part = try Transform.single(step, shapes)
        tensors = part.segments().map { segments in
          segments.reduce(into: [UInt8]()) { result, segment in
            let start = segment.offset * width
            result += tensors[segment.input][start..<start + segment.count * width]
          }
        }
      case .transpose(let order):
        tensors = zip(tensors, shapes).map {
          Self.transposed($0, $1.dimensions, order: order, width: width)
        }
      case .unfoldClassPosition:
        try Self.requireF32(dtype)
        // -0.0 is the float whose sum with any float leaves all its bits.
        let row = (0..<shapes[1][2]).flatMap { _ in [0, 0, 0, 0x80] as [UInt8] }
        tensors = [tensors[0], row + tensors[1]]
      case .foldClassPosition:
        try Self.requireF32(dtype)
        let rowByteCount = shapes[1][2] * width
        tensors = [
          Self.sum(tensors[0], tensors[1][..<rowByteCount]), Array(tensors[1][rowByteCount...]),
        ]
      }
      shapes = try Transform.single(step, shapes).outputs
    }
    return tensors[output]
  }

  private static func requireF32(_ dtype: DType) throws(WeightsError) {
    guard dtype == .f32 else {
      throw WeightsError(
        .remapDType,
        "the class token and its position are folded in F32 only, found \(dtype.rawValue)")
    }
  }

  private static func sum(_ a: [UInt8], _ b: ArraySlice<UInt8>) -> [UInt8] {
    func floats(_ bytes: some Collection<UInt8>) -> [Float] {
      let bytes = Array(bytes)
      return stride(from: 0, to: bytes.count, by: 4).map { at in
        Float(bitPattern: UInt32(bytes: bytes[at..<at + 4], .littleEndian))
      }
    }
    var sums: [UInt8] = []
    for (x, y) in zip(floats(a), floats(b)) { sums.append(x + y, .littleEndian) }
    return sums
  }

  private static func transposed(
    _ bytes: [UInt8], _ extents: [Int], order: [Int], width: Int
  ) -> [UInt8] {
    var strides = [Int](repeating: 1, count: extents.count)
    for axis in extents.indices.dropLast().reversed() {
      strides[axis] = strides[axis + 1] * extents[axis + 1]
    }
    let newExtents = order.map { extents[$0] }
    let newStrides = order.map { strides[$0] }
    let count = extents.reduce(1, *)
    var result = [UInt8](repeating: 0, count: bytes.count)
    var index = [Int](repeating: 0, count: extents.count)
    var source = 0
    for element in 0..<count {
      for byte in 0..<width { result[element * width + byte] = bytes[source * width + byte] }
      var axis = newExtents.count - 1
      while axis >= 0 {
        index[axis] += 1
        source += newStrides[axis]
        if index[axis] < newExtents[axis] { break }
        source -= newStrides[axis] * newExtents[axis]
        index[axis] = 0
        axis -= 1
      }
    }
    return result
  }
}

extension WeightsError.Code {
  /// Tensors that become one have different dtypes, or a dtype that cannot be converted.
  public static let remapDType = Self("remap.dtype")
  /// An operation needs a whole tensor in memory, and it is too large for that.
  public static let remapTooLarge = Self("remap.too-large")
}
