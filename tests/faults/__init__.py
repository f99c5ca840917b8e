"""What happens when things break: process, disk, line. Lost and doubled messages have one passing number, 0."""
