"""What lies beside the rows: manifest, statistics, card, report, pictures, licences."""
