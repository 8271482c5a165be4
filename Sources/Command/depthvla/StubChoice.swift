import DVLADiagnostics
import DVLARobots

enum RobotChoice {
  static func robot(_ name: String) throws(WeightsError) -> Robot { try Robot.preset(name) }
}
