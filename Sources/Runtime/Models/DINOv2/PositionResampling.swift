import DVLAResampling
import DVLATensors

/// How the position table of DINOv2 is fitted to images of another size.
public enum PositionResampling: String, Sendable, CaseIterable {
  /// Bicubic, a = -0.75, to the exact grid: transformers 5 `models/dinov2/modeling_dinov2.py`.
  case bicubic
  /// Bicubic with antialiasing, a = -0.5, to the exact grid: transformers
  /// `models/dinov2_with_registers/modeling_dinov2_with_registers.py`; timm
  /// `layers/pos_embed.py`, `resample_abs_pos_embed`; facebookresearch/dinov2 with registers.
  case bicubicAntialiased = "bicubic-antialias"
  /// Bicubic, a = -0.75, with a scale of (grid + 0.1) / side: the models without registers of
  /// facebookresearch/dinov2 `dinov2/models/vision_transformer.py` (`interpolate_offset`), and
  /// Depth Anything's own code.
  case bicubicOffset = "bicubic-offset"

  static let names = Dictionary(uniqueKeysWithValues: allCases.map { ($0.rawValue, $0) })

  /// What the transformers library does; the default where the configuration has no value.
  public static func upstream(registers: Int) -> Self {
    registers > 0 ? .bicubicAntialiased : .bicubic
  }

  /// A square table [side * side, D] fitted to a grid of patches: [height * width, D].
  func fit(
    _ table: Tensor, side: Int, to grid: (height: Int, width: Int)
  ) -> Tensor {
    let width = table.shape[1]
    let planes = table.transposed().reshaped([width, side, side])
    let fitted =
      switch self {
      case .bicubic: Resampling.bicubic(planes, to: grid, scale: nil)
      case .bicubicAntialiased: Resampling.bicubicAntialiased(planes, to: grid)
      case .bicubicOffset:
        Resampling.bicubic(
          planes, to: grid,
          scale: (
            height: (Double(grid.height) + 0.1) / Double(side),
            width: (Double(grid.width) + 0.1) / Double(side)
          ))
      }
    return fitted.reshaped([width, grid.height * grid.width]).transposed()
  }
}
