public import DVLADiagnostics
public import DVLAKernels
public import DVLATensors

/// The sizes of a DINOv2 encoder.
///
/// Source: transformers `models/dinov2/configuration_dinov2.py` and
/// `models/dinov2_with_registers/configuration_dinov2_with_registers.py`.
public struct DINOv2Configuration: Sendable {
  public let width: Int
  public let mlpWidth: Int
  public let layers: Int
  public let heads: Int
  public let channels: Int
  public let patch: Int
  public let registers: Int
  /// The class token's row and one for each patch of the image that the table was trained for.
  public let positionRows: Int
  public let usesSwiGLU: Bool
  public let epsilon: Double
  public let activation: Activation
  public let resampling: PositionResampling

  /// Rows, and columns, of the position table's own grid.
  public let tableSide: Int

  /// Patches of one image at most. Attention looks at all pairs of them.
  public static let patchLimit = 1 << 16

  /// Checks the size of pixels [..., H, W].
  ///
  /// - Throws: `model.input` for more than ``patchLimit`` patches.
  public func checkLength(of shape: Shape) throws(WeightsError) {
    try checkLength(height: shape[shape.rank - 2], width: shape[shape.rank - 1])
  }

  /// Checks a size in pixels.
  ///
  /// - Throws: `model.input` for more than ``patchLimit`` patches.
  public func checkLength(height: Int, width: Int) throws(WeightsError) {
    let (height, width) = (height / patch, width / patch)
    guard width == 0 || height <= Self.patchLimit / width else {
      throw WeightsError(
        .modelInput, tensor: "pixel_values",
        "expected at most \(Self.patchLimit) patches of \(patch) x \(patch), found \(height) x "
          + "\(width)")
    }
  }

  /// - Throws: `model.configuration`.
  public init(_ scope: ConfigurationReader) throws(WeightsError) {
    width = try scope.integer("hidden_size")
    mlpWidth = try scope.integer("intermediate_size")
    layers = try scope.integer("num_hidden_layers", atMost: ModelInputs.layerLimit)
    heads = try scope.integer("num_attention_heads")
    channels = try scope.integer("num_channels")
    patch = try scope.integer("patch_size")
    registers = try scope.integer("num_register_tokens", atLeast: 0)
    positionRows = try scope.integer("position_rows", atLeast: 2)
    usesSwiGLU = try scope.flag("use_swiglu_ffn")
    epsilon = try scope.positiveNumber("layer_norm_eps")
    activation = try scope.choice("hidden_act", of: Activation.upstreamNames)
    resampling =
      scope.has("position_resampling")
      ? try scope.choice("position_resampling", of: PositionResampling.names)
      : PositionResampling.upstream(registers: registers)
    tableSide = Int(Double(positionRows - 1).squareRoot())
    guard width.isMultiple(of: heads) else {
      throw scope.contradiction("\(heads) heads do not divide a width of \(width)")
    }
    guard tableSide * tableSide == positionRows - 1 else {
      throw scope.contradiction(
        "expected a class token and a square of positions, found \(positionRows) rows")
    }
  }
}
