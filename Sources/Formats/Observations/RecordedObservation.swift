public import DVLADiagnostics
public import DVLAImages
public import DVLAJSON
public import DVLATensors

/// What a policy was given once, and what it answered: the content of a file of observations.
///
/// Everything is in the robot's units and width, as it came from the robot: nothing is normalised,
/// fitted or padded. Only the noise has the sizes of the model. Every value was checked.
public struct RecordedObservation: Sendable, Equatable {
  public struct Camera: Sendable, Equatable {
    /// The key that the robot's program has for it, such as `observation/wrist_image`.
    public let name: String
    public let picture: RGBImage
    /// [H, W], of the size of the picture, 0 where unknown; nil where none was recorded.
    public let depth: Tensor?

    public init(name: String, picture: RGBImage, depth: Tensor? = nil) {
      (self.name, self.picture, self.depth) = (name, picture, depth)
    }
  }

  public enum DepthUnit: String, Sendable, CaseIterable {
    case metres
    /// Depth up to a factor.
    case unscaled
    /// Depth Anything's relative depth.
    case relative
  }

  /// Numbers of a robot: a state, or a row of actions for each step.
  public struct Numbers: Sendable, Equatable {
    public let values: [Double]
    /// [n], or [h, a].
    public let shape: Shape
    /// Whether they came as float32, and are kept so.
    public let isSingle: Bool

    /// - Precondition: as many values as the shape says.
    public init(_ values: [Double], shape: Shape, isSingle: Bool = false) {
      precondition(values.count == shape.elementCount, "as many values as the shape says")
      (self.values, self.shape, self.isSingle) = (values, shape, isSingle)
    }

    /// A state.
    public init(_ values: [Double], isSingle: Bool = false) {
      self.init(values, shape: [values.count], isSingle: isSingle)
    }
  }

  /// In the policy's order. A missing camera is left out.
  public let cameras: [Camera]
  /// Of the depth of the cameras; nil where no camera has depth.
  public let depthUnit: DepthUnit?
  public let instruction: String
  /// [n].
  public let state: Numbers
  /// [H, A]: the model's horizon and width of an action.
  public let noise: Tensor
  /// The seed that the noise was drawn from.
  public let noiseSeed: UInt64?
  /// [h, a]: what a demonstrator did from then on.
  public let demonstrated: Numbers?
  /// Where it comes from; `kind` names the way.
  public let source: JSONObject
  /// The versions of the programs that recorded it, by name.
  public let versions: JSONObject
  /// What a policy answered; nil where none did.
  public let answer: RecordedAnswer?

  /// - Throws: `observation.camera`, `observation.picture`, `observation.depth`,
  ///   `observation.state`, `observation.noise`, `observation.actions`, `observation.instruction`,
  ///   `observation.duplicate`, `observation.metadata`, `observation.answer`: a value that no
  ///   observation may have.
  public init(
    cameras: [Camera], depthUnit: DepthUnit? = nil, instruction: String, state: Numbers,
    noise: Tensor, noiseSeed: UInt64? = nil, demonstrated: Numbers? = nil, source: JSONObject,
    versions: JSONObject, answer: RecordedAnswer? = nil
  ) throws(WeightsError) {
    self.cameras = cameras
    self.depthUnit = depthUnit
    self.instruction = instruction
    self.state = state
    self.noise = noise
    self.noiseSeed = noiseSeed
    self.demonstrated = demonstrated
    self.source = source
    self.versions = versions
    self.answer = answer
    try checkCameras()
    try state.check(.observationState, "state", expected: "float64 or float32 [n]", rank: 1)
    try noise.check(.observationNoise, "noise")
    try demonstrated?.check(
      .observationActions, "actions", expected: "float64 or float32 [h, a]", rank: 2)
    guard instruction.utf8.count <= ObservationLimits.instruction, !instruction.utf8.contains(0)
    else {
      throw WeightsError(
        .observationInstruction,
        "instruction: expected at most \(ObservationLimits.instruction) bytes of text without NUL")
    }
    for (key, object) in [("source", source), ("versions", versions)] {
      try ObservationJSON.check(.object(object), key: key)
    }
    try answer?.check(for: self)
  }

  private func checkCameras() throws(WeightsError) {
    guard (1...ObservationLimits.cameras).contains(cameras.count) else {
      throw WeightsError(
        .observationCamera,
        "expected 1 to \(ObservationLimits.cameras) cameras, found \(cameras.count)")
    }
    var names: Set<String> = []
    for camera in cameras {
      guard camera.name.isCameraName else {
        throw WeightsError(
          .observationCamera,
          "\(camera.name.quoted): expected 1 to 128 of the characters A-Z a-z 0-9 . _ / -")
      }
      guard names.insert(camera.name).inserted else {
        throw WeightsError(.observationDuplicate, "\(camera.name): expected every camera once")
      }
      let size = camera.picture.size
      guard max(size.height, size.width) <= ObservationLimits.side else {
        throw WeightsError(
          .observationPicture,
          "\(camera.name): expected sides of 1 to \(ObservationLimits.side), found \(size)")
      }
      guard let depth = camera.depth else { continue }
      try depth.checkDepth(of: camera, isRelative: depthUnit == .relative)
    }
    guard (depthUnit != nil) == cameras.contains(where: { $0.depth != nil }) else {
      throw WeightsError(
        .observationDepth, "depth_unit: expected a unit exactly where there is depth")
    }
  }

  /// About the bytes that it takes in memory.
  public var byteCount: Int {
    var count = 4096 + instruction.utf8.count + 8 * state.values.count + 4 * noise.values.count
    count += 8 * (demonstrated?.values.count ?? 0)
    for camera in cameras {
      count += camera.picture.pixels.count + 4 * (camera.depth?.values.count ?? 0)
    }
    return count + (answer?.byteCount ?? 0)
  }
}

/// What a file may hold at most: `Observations.md`.
enum ObservationLimits {
  static let file = 1 << 30
  static let header = 1 << 20
  static let index = 64 << 20
  static let cameras = 16
  static let side = 8192
  static let extent = 4096
  static let instruction = 65_536
}

extension String {
  var isCameraName: Bool { (1...128).contains(utf8.count) && utf8.allSatisfy(\.isOfNames) }
}

extension UInt8 {
  /// Whether it is one of `A-Z a-z 0-9 . _ / -`.
  var isOfNames: Bool {
    switch self {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
      UInt8(ascii: "/"), UInt8(ascii: "-"):
      true
    default: false
    }
  }
}

extension RecordedObservation.Numbers {
  /// - Throws: the given code.
  func check(
    _ code: WeightsError.Code, _ key: String, expected: String, rank: Int
  ) throws(WeightsError) {
    let limit = ObservationLimits.extent
    guard shape.rank == rank, shape.dimensions.allSatisfy((1...limit).contains) else {
      throw WeightsError(
        code, "\(key): expected \(expected) with extents of 1 to \(limit), found \(shape)")
    }
    for (index, value) in values.enumerated() where !value.isFinite {
      throw WeightsError(
        code, "\(key): expected finite numbers, found \(value) at \(shape.place(of: index))")
    }
  }
}

extension Tensor {
  /// - Throws: the given code, unless it is finite and [H, A] within the limits.
  func check(_ code: WeightsError.Code, _ key: String) throws(WeightsError) {
    let limit = ObservationLimits.extent
    guard shape.rank == 2, shape.dimensions.allSatisfy((1...limit).contains) else {
      throw WeightsError(
        code, "\(key): expected float32 [H, A] with extents of 1 to \(limit), found \(shape)")
    }
    try checkFinite(code, key)
  }

  /// - Throws: `observation.depth`, or the given code.
  func checkDepth(
    of camera: RecordedObservation.Camera, isRelative: Bool,
    code: WeightsError.Code = .observationDepth
  ) throws(WeightsError) {
    let size = camera.picture.size
    guard shape == [size.height, size.width] else {
      throw WeightsError(
        code,
        "\(camera.name): expected depth of the size of the picture [\(size.height), "
          + "\(size.width)], found \(shape)")
    }
    try checkFinite(code, camera.name)
    guard isRelative || values.allSatisfy({ $0 >= 0 }) else {
      throw WeightsError(code, "\(camera.name): expected no negative distance")
    }
  }

  private func checkFinite(_ code: WeightsError.Code, _ key: String) throws(WeightsError) {
    guard let index = values.firstIndex(where: { !$0.isFinite }) else { return }
    throw WeightsError(
      code, "\(key): expected finite numbers, found \(values[index]) at \(shape.place(of: index))")
  }
}

extension Shape {
  /// The place of an element, as messages say it.
  fileprivate func place(of index: Int) -> String {
    var (rest, place) = (index, [Int]())
    for extent in dimensions.reversed() {
      place.insert(rest % extent, at: 0)
      rest /= extent
    }
    return place.description
  }
}
