import DVLADiagnostics
import DVLAImages
import DVLASafetensors
import DVLATensors

/// A tensor that is about to be written.
struct StoredTensor {
  enum Content {
    case bytes([UInt8])
    case floats([Float])
    case doubles([Double])
  }

  let info: TensorInfo
  let content: Content

  private init(_ name: String, _ shape: Shape, _ dtype: DType, _ content: Content) {
    guard let info = TensorInfo(name: TensorName(name), dtype: dtype, shape: shape) else {
      preconditionFailure("the values are in memory, so that their bytes can be counted")
    }
    self.info = info
    self.content = content
  }

  private init(_ name: String, _ tensor: Tensor) {
    self.init(name, tensor.shape, .f32, .floats(tensor.values))
  }

  private init(_ name: String, _ numbers: RecordedObservation.Numbers) {
    self.init(
      name, numbers.shape, numbers.isSingle ? .f32 : .f64,
      numbers.isSingle ? .floats(numbers.values.map(Float.init)) : .doubles(numbers.values))
  }

  static func all(of observation: RecordedObservation) -> [StoredTensor] {
    var tensors = [
      StoredTensor("state", observation.state), StoredTensor("noise", observation.noise),
    ]
    for camera in observation.cameras {
      let size = camera.picture.size
      tensors.append(
        StoredTensor(
          "picture.\(camera.name)", [size.height, size.width, 3], .u8,
          .bytes(camera.picture.pixels)))
      if let depth = camera.depth { tensors.append(StoredTensor("depth.\(camera.name)", depth)) }
    }
    if let demonstrated = observation.demonstrated {
      tensors.append(StoredTensor("actions", demonstrated))
    }
    guard let answer = observation.answer else { return tensors }
    tensors.append(StoredTensor("answer.actions", answer.actions))
    tensors.append(StoredTensor("answer.model_actions", answer.modelActions))
    for depth in answer.depth {
      tensors.append(StoredTensor("answer.depth.\(depth.camera)", depth.values))
    }
    return tensors
  }

  var byteCount: Int {
    switch content {
    case .bytes(let bytes): bytes.count
    case .floats(let floats): 4 * floats.count
    case .doubles(let doubles): 8 * doubles.count
    }
  }

  func append(to data: inout [UInt8]) {
    switch content {
    case .bytes(let bytes): data += bytes
    case .floats(let floats): for value in floats { data.append(value, .littleEndian) }
    case .doubles(let doubles):
      for value in doubles { data.append(value.bitPattern, .littleEndian) }
    }
  }
}

/// The tensors of a file that is read. Each is taken once; what is left at the end is too much.
struct StoredTensors {
  private var entries: [SafetensorsEntry]
  /// Everything after the header.
  private let data: ArraySlice<UInt8>

  init(_ entries: [SafetensorsEntry], data: ArraySlice<UInt8>) {
    (self.entries, self.data) = (entries, data)
  }

  /// - Throws: `observation.tensor`.
  func checkEmpty() throws(WeightsError) {
    if let entry = entries.first {
      throw WeightsError(
        .observationTensor, tensor: entry.info.name.string, "expected no such tensor")
    }
  }

  private mutating func find(_ name: String) -> (TensorInfo, bytes: ArraySlice<UInt8>)? {
    guard let index = entries.firstIndex(where: { $0.info.name == TensorName(name) }) else {
      return nil
    }
    let entry = entries.remove(at: index)
    let start = data.startIndex
    return (
      entry.info, data[start + entry.range.lowerBound..<start + entry.range.upperBound]
    )
  }

  private func missing(_ name: String) -> WeightsError {
    WeightsError(.observationTensor, tensor: name, "expected this tensor")
  }

  /// - Throws: `observation.tensor`, `observation.picture`.
  mutating func picture(of camera: String) throws(WeightsError) -> RGBImage {
    guard let (info, bytes) = find("picture.\(camera)") else { throw missing("picture.\(camera)") }
    let limit = ObservationLimits.side
    guard info.dtype == .u8, info.shape.rank == 3, info.shape[2] == 3,
      max(info.shape[0], info.shape[1]) <= limit
    else {
      throw WeightsError(
        .observationPicture,
        "\(camera): expected U8 [H, W, 3] with sides of 1 to \(limit), found \(info.words)")
    }
    return RGBImage(width: info.shape[1], height: info.shape[0], pixels: Array(bytes))
  }

  /// Numbers of F32, if there are any of that name.
  ///
  /// - Throws: the given code for those of another type.
  mutating func floats(
    _ name: String, _ code: WeightsError.Code
  ) throws(WeightsError) -> Tensor? {
    guard let (info, bytes) = find(name) else { return nil }
    guard info.dtype == .f32 else {
      throw WeightsError(code, "\(name): expected F32, found \(info.words)")
    }
    return Tensor(bytes.numbers(UInt32.self).map(Float.init(bitPattern:)), shape: info.shape)
  }

  /// - Throws: `observation.tensor`; as ``floats(_:_:)``.
  mutating func requiredFloats(
    _ name: String, _ code: WeightsError.Code
  ) throws(WeightsError) -> Tensor {
    guard let tensor = try floats(name, code) else { throw missing(name) }
    return tensor
  }

  /// Numbers of F64 or F32, if there are any of that name.
  ///
  /// - Parameter allowsSingle: whether F32 will do.
  /// - Throws: the given code for those of another type.
  mutating func numbers(
    _ name: String, _ code: WeightsError.Code, allowsSingle: Bool = true
  ) throws(WeightsError) -> RecordedObservation.Numbers? {
    guard let (info, bytes) = find(name) else { return nil }
    switch info.dtype {
    case .f64:
      return .init(
        bytes.numbers(UInt64.self).map(Double.init(bitPattern:)), shape: info.shape)
    case .f32 where allowsSingle:
      return .init(
        bytes.numbers(UInt32.self).map { Double(Float(bitPattern: $0)) }, shape: info.shape,
        isSingle: true)
    default:
      throw WeightsError(
        code, "\(name): expected F64\(allowsSingle ? " or F32" : ""), found \(info.words)")
    }
  }

  /// - Throws: `observation.tensor`; as ``numbers(_:_:allowsSingle:)``.
  mutating func requiredNumbers(
    _ name: String, _ code: WeightsError.Code, allowsSingle: Bool = true
  ) throws(WeightsError) -> RecordedObservation.Numbers {
    guard let numbers = try numbers(name, code, allowsSingle: allowsSingle) else {
      throw missing(name)
    }
    return numbers
  }
}

extension TensorInfo {
  fileprivate var words: String { "\(dtype.rawValue) \(shape)" }
}

extension ArraySlice<UInt8> {
  /// Little-endian numbers that follow on one another.
  fileprivate func numbers<Number: FixedWidthInteger & BitwiseCopyable>(
    _: Number.Type
  ) -> [Number] {
    let bytes = unsafe span.bytes
    return (0..<bytes.byteCount / MemoryLayout<Number>.size).map { bytes.littleEndian(at: $0) }
  }
}
