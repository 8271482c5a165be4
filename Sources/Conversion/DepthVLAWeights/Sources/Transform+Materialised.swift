import DVLADiagnostics
import DVLARemapping
import DVLATensors

extension Transform {
  /// One output of the transform with its elements in memory.
  ///
  /// - Parameter inputs: the bytes of the inputs, whole.
  /// - Throws: `remap.dtype` when positions are to be folded in another type than F32.
  func materialised(
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
