import DVLABundles
import DVLADiagnostics
import DVLADrift
import DVLAKernels
import DVLAParallelism
import DVLAQuantization
import DVLATensors

/// The weights of two bundles, tensor by tensor.
struct WeightComparison {
  /// All tensors, in the order of the reference.
  let drifts: [WeightDrift]

  /// Elements compared at a time.
  private static let blockElementCount = 1 << 18

  private struct Block {
    let tensor: Int
    let range: Range<Int>
  }

  /// Compares all tensors; quantized ones by the values that they stand for.
  ///
  /// - Parameter progress: called with the elements done, and of how many.
  /// - Throws: `gate.tensors` where one has a tensor that the other lacks, or of another shape;
  ///   what reading throws.
  init(
    reference: WeightBundle, candidate: WeightBundle, threads: Int,
    progress: (_ done: Int, _ total: Int) throws(WeightsError) -> Void
  ) throws(WeightsError) {
    let (r, c) = (try FullPrecisionBundle(reference), try FullPrecisionBundle(candidate))
    try Self.requireSameTensors(r, c)
    let floats = r.tensors.filter {
      $0.dtype.isConvertibleFloat && !$0.name.string.hasPrefix(unusedPrefix)
    }
    let blocks = floats.enumerated().flatMap { index, info in
      stride(from: 0, to: info.shape.elementCount, by: Self.blockElementCount).map { start in
        Block(
          tensor: index,
          range: start..<min(info.shape.elementCount, start + Self.blockElementCount))
      }
    }
    let total = floats.reduce(0) { $0 + $1.shape.elementCount }
    var sums = [DriftSums](repeating: DriftSums(), count: floats.count)
    var done = 0
    try OrderedWork.run(
      items: blocks.count, threads: threads,
      makeScratch: { () throws(WeightsError) -> Scratch in Scratch() },
      work: { (index, scratch) throws(WeightsError) -> DriftSums in
        let block = blocks[index]
        return try scratch.compare(floats[block.tensor].name, block.range, r, c)
      },
      consume: { (index, found) throws(WeightsError) in
        sums[blocks[index].tensor].add(found)
        done += blocks[index].range.count
        try progress(done, total)
      })
    var drifts: [WeightDrift] = []
    for (info, sums) in zip(floats, sums) {
      guard !sums.hasNonFinite else {
        throw WeightsError(
          .gateNotFinite, file: candidate.path, tensor: info.name.string,
          "holds a NaN or an infinity, or does in \(reference.path)")
      }
      drifts.append(
        WeightDrift(name: info.name.string, stored: c.words(of: info.name), sums))
    }
    self.drifts = drifts
  }

  private static func requireSameTensors(
    _ r: FullPrecisionBundle, _ c: FullPrecisionBundle
  ) throws(WeightsError) {
    for (one, other) in [(r, c), (c, r)] {
      for info in one.tensors where !info.name.string.hasPrefix(unusedPrefix) {
        guard let found = other.info(of: info.name) else {
          throw WeightsError(
            .gateTensors, tensor: info.name.string,
            "is in \(one.bundle.path) and not in \(other.bundle.path)")
        }
        guard found.dtype.isConvertibleFloat == info.dtype.isConvertibleFloat else {
          throw WeightsError(
            .gateTensors, tensor: info.name.string,
            "is \(info.dtype.rawValue) in \(one.bundle.path) and \(found.dtype.rawValue) in "
              + "\(other.bundle.path)")
        }
        guard found.shape == info.shape else {
          throw WeightsError(
            .gateTensors, tensor: info.name.string,
            "is \(info.shape) in \(one.bundle.path) and \(found.shape) in \(other.bundle.path)")
        }
      }
    }
  }

  /// The memory of one thread.
  private struct Scratch: ~Copyable {
    private var reference = FloatBlock()
    private var candidate = FloatBlock()

    mutating func compare(
      _ name: TensorName, _ range: Range<Int>, _ r: FullPrecisionBundle, _ c: FullPrecisionBundle
    ) throws(WeightsError) -> DriftSums {
      try reference.read(name, range, of: r)
      try candidate.read(name, range, of: c)
      var sums = ErrorSums()
      reference.floats.withReadOnlyBytes(range.count * 4) { reference in
        candidate.floats.withReadOnlyBytes(range.count * 4) { candidate in
          sums.addRows(reference, candidate, rows: 1, columns: range.count)
        }
      }
      return DriftSums(sums)
    }
  }
}

/// Elements of a tensor as float32.
private struct FloatBlock {
  private var stored: [UInt8] = []
  private(set) var floats: [UInt8] = []

  mutating func read(
    _ name: TensorName, _ range: Range<Int>, of source: FullPrecisionBundle
  ) throws(WeightsError) {
    guard let info = source.info(of: name), let width = info.dtype.byteWidth else {
      preconditionFailure("both have the tensor, in a floating-point type")
    }
    floats.grow(to: range.count * 4)
    stored.grow(to: range.count * width)
    try stored.withBytes(range.count * width) { (bytes) throws(WeightsError) in
      try source.read(name, at: range.lowerBound * width, into: &bytes)
    }
    stored.withReadOnlyBytes(range.count * width) { stored in
      floats.withBytes(range.count * 4) {
        ElementCast.cast(stored, from: info.dtype, to: .f32, into: &$0)
      }
    }
  }
}

extension FullPrecisionBundle {
  /// How the bundle stores a tensor, in words.
  fileprivate func words(of name: TensorName) -> String {
    guard let stored = bundle.info(of: name) else { return "" }
    let text = "\(stored.dtype.rawValue) \(stored.shape)"
    guard let quantized = quantized[name] else { return text }
    switch quantized.scheme.granularity {
    case .channel: return text + ", per channel"
    case .group(let size): return text + ", in groups of \(size.rawValue)"
    }
  }
}

extension WeightsError.Code {
  /// The tensors of two models are not the same ones, or of other shapes.
  public static let gateTensors = Self("gate.tensors")
}
