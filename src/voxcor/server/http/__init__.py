"""What every request passes through: connections, bodies, uploads, who may ask, what is sent."""
