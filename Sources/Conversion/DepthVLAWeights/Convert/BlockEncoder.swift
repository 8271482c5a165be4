import DVLABundles
import DVLADiagnostics
import DVLAKernels
import DVLAQuantization
import DVLATensors

/// A range of a stored tensor's bytes, made from its source, with what was seen on the way.
struct EncodedBlock: Sendable {
  var bytes: [UInt8]
  /// BF16 scales of the rows that start in the block.
  var scales: [UInt8] = []
  /// What conversion lost.
  var errors = ErrorSums()
  var nanCount = 0
  var infinityCount = 0
  /// Values that were finite and no longer are.
  var overflowCount = 0
  /// Element of the tensor that is the first not to be finite in the source.
  var firstNonFinite: Int?
}

/// Makes the bytes of stored tensors, block by block: the scratch memory of one thread.
///
/// A block depends on the tensor and the range alone, so that any number of threads makes the
/// same file.
final class BlockEncoder {
  /// Stored bytes that one block makes at most; a multiple of the chunk.
  static let blockByteCount = 8 * BundleLayout.chunkByteCount
  /// Elements converted at a time: few enough that source, float and result stay in the cache.
  private static let sliceElementCount = 1 << 16

  private var source: [UInt8] = []
  private var floats: [UInt8] = []
  private var result: [UInt8] = []
  private var scales: [UInt8] = []
  private var replaced: [UInt8] = []

  /// - Parameters:
  ///   - tensor: values or INT8 values; scales come with the latter.
  ///   - range: bytes of the stored tensor, whole elements.
  /// - Throws: `quantization.non-finite`, and what reading throws.
  func encode(
    _ tensor: StoredTensor, _ range: Range<Int>, from reader: TensorReader
  ) throws(WeightsError) -> EncodedBlock {
    var block = EncodedBlock(bytes: [])
    block.bytes.reserveCapacity(range.count)
    switch tensor.content {
    case .values, .givenInt8, .givenScales: try encodeValues(tensor, range, reader, &block)
    case .int8(let quantizer): try encodeRows(tensor, quantizer, range, reader, &block)
    case .scales: preconditionFailure("scales come with their values")
    }
    return block
  }

  private func encodeValues(
    _ tensor: StoredTensor, _ range: Range<Int>, _ reader: TensorReader,
    _ block: inout EncodedBlock
  ) throws(WeightsError) {
    guard let width = tensor.info.dtype.byteWidth, let sourceWidth = tensor.sourceDType.byteWidth
    else {
      throw WeightsError(
        .remapDType, tensor: tensor.info.name.string,
        "\(tensor.info.dtype.rawValue) elements are narrower than a byte, and bundles hold whole "
          + "bytes")
    }
    var first = range.lowerBound / width
    let end = range.upperBound / width
    while first < end {
      let count = min(Self.sliceElementCount, end - first)
      try read(first..<first + count, width: sourceWidth, from: reader)
      scan(tensor.sourceDType, count: count, at: first, &block)
      if tensor.sourceDType == tensor.info.dtype {
        block.bytes += source[..<(count * width)]
      } else {
        convert(tensor, count: count, &block)
      }
      first += count
    }
  }

  private func convert(_ tensor: StoredTensor, count: Int, _ block: inout EncodedBlock) {
    widen(tensor.sourceDType, count: count)
    if tensor.info.dtype == .f32 {
      block.bytes += floats[..<(count * 4)]
      return
    }
    // To BF16: the error is that of the values as they will be read again.
    result.grow(to: count * 2)
    result.withBytes(count * 2) { result in
      if tensor.sourceDType == .f16 {
        source.withReadOnlyBytes(count * 2) { FloatConversion.bf16FromF16($0, into: &result) }
      } else {
        floats.withReadOnlyBytes(count * 4) { FloatConversion.bf16FromF32($0, into: &result) }
      }
    }
    let before = FloatScan.scan(count * 4, of: floats, .f32)
    let after = FloatScan.scan(count * 2, of: result, .bf16)
    block.overflowCount += after.infinityCount - before.infinityCount
    block.bytes += result[..<(count * 2)]
    replaced.grow(to: count * 4)
    result.withReadOnlyBytes(count * 2) { result in
      replaced.withBytes(count * 4) { FloatConversion.f32FromBF16(result, into: &$0) }
    }
    floats.withReadOnlyBytes(count * 4) { exact in
      replaced.withReadOnlyBytes(count * 4) { replaced in
        block.errors.addRows(exact, replaced, rows: 1, columns: count)
      }
    }
  }

  /// Rows cross the borders of blocks, so a row may be quantized for both of its blocks; its
  /// scale and its error count for the block it starts in.
  private func encodeRows(
    _ tensor: StoredTensor, _ quantizer: Int8Quantizer, _ range: Range<Int>,
    _ reader: TensorReader, _ block: inout EncodedBlock
  ) throws(WeightsError) {
    let columns = tensor.info.shape[1]
    guard !range.isEmpty, let width = tensor.sourceDType.byteWidth else { return }
    let lastRow = (range.upperBound + columns - 1) / columns
    let firstOwned = (range.lowerBound + columns - 1) / columns
    var row = range.lowerBound / columns
    while row < lastRow {
      // A row of the block before goes alone, for its errors are not counted here.
      let isOwned = row >= firstOwned
      let count =
        isOwned ? min(max(1, Self.sliceElementCount / columns), lastRow - row) : firstOwned - row
      let elements = row * columns..<(row + count) * columns
      let scaleByteCount = count * quantizer.scaleShape[1] * 2
      try read(elements, width: width, from: reader)
      result.grow(to: elements.count)
      scales.grow(to: scaleByteCount)
      var errors = ErrorSums()
      try result.withBytes(elements.count) { (values) throws(WeightsError) in
        try scales.withBytes(scaleByteCount) { (scales) throws(WeightsError) in
          try source.withReadOnlyBytes(elements.count * width) { (rows) throws(WeightsError) in
            try quantizer.quantize(
              rows, of: tensor.sourceDType, firstRow: row, values: &values, scales: &scales,
              errors: &errors)
          }
        }
      }
      let wanted = elements.clamped(to: range)
      block.bytes +=
        result[
          wanted.lowerBound - elements.lowerBound..<wanted.upperBound - elements.lowerBound]
      if isOwned {
        block.errors.add(errors)
        block.scales += scales[..<scaleByteCount]
      }
      row += count
    }
  }

  /// Bytes of scales that come with a block.
  static func scaleByteCount(_ tensor: StoredTensor, _ range: Range<Int>) -> Int {
    guard case .int8(let quantizer) = tensor.content, !range.isEmpty else { return 0 }
    let columns = tensor.info.shape[1]
    let rows =
      (range.upperBound + columns - 1) / columns - (range.lowerBound + columns - 1) / columns
    return rows * quantizer.scaleShape[1] * 2
  }

  private func read(
    _ range: Range<Int>, width: Int, from reader: TensorReader
  ) throws(WeightsError) {
    source.grow(to: range.count * width)
    try source.withBytes(range.count * width) { (bytes) throws(WeightsError) in
      try reader.read(range, into: &bytes)
    }
  }

  /// `source` as F32 in `floats`.
  private func widen(_ dtype: DType, count: Int) {
    floats.grow(to: count * 4)
    switch dtype {
    case .bf16:
      source.withReadOnlyBytes(count * 2) { source in
        floats.withBytes(count * 4) { FloatConversion.f32FromBF16(source, into: &$0) }
      }
    case .f16:
      source.withReadOnlyBytes(count * 2) { source in
        floats.withBytes(count * 4) { FloatConversion.f32FromF16(source, into: &$0) }
      }
    default: swap(&source, &floats)
    }
  }

  private func scan(_ dtype: DType, count: Int, at first: Int, _ block: inout EncodedBlock) {
    guard let format = FloatScan.Format(dtype), let width = dtype.byteWidth else { return }
    let found = FloatScan.scan(count * width, of: source, format)
    block.nanCount += found.nanCount
    block.infinityCount += found.infinityCount
    if let index = found.firstNonFinite, block.firstNonFinite == nil {
      block.firstNonFinite = first + index
    }
  }
}

extension FloatScan {
  fileprivate static func scan(_ count: Int, of bytes: [UInt8], _ format: Format) -> FloatScan {
    bytes.withReadOnlyBytes(count) { scan($0, format) }
  }
}
